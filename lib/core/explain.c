/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/explain.h"

#include <inttypes.h>
#include <string.h>

#include "base/macro.h"
#include "base/number.h"
#include "core/condition.h"
#include "core/explain-groups.h"
#include "core/explain-ranking.h"
#include "core/reason.h"

void explain_atom(const AtomReading *a, TextBuf *out) {
        reason_print_atom(a, true, out);
}

void explain_reading(MetricUnit unit, const Reading *r, TextBuf *out) {
        if (!r->known) {
                textbuf_add(out, "unknown");
                return;
        }
        reason_print_value(unit, r->value, out);
        if (r->total > 0) {
                textbuf_add(out, " (");
                textbuf_add_permyriad(out,
                        permyriad_of((uint64_t) MAX(r->value, INT64_C(0)), (uint64_t) r->total));
                textbuf_add(out, ")");
        }
}

/* How far the reading is from its threshold, in the metric's unit. */
static void print_distance(const AtomReading *a, TextBuf *out) {
        const Atom *atom = a->atom;
        int64_t threshold = atom->threshold, apart;

        if (!a->reading.known || a->truth == TRUTH_TRUE)
                return;
        if (atom->percent)
                threshold = condition_amount(&a->reading, threshold);
        if (__builtin_sub_overflow(threshold, a->reading.value, &apart) ||
                a->reading.value == INT64_MAX)
                return;
        textbuf_add(out, ", ");
        reason_print_value(atom->unit, apart < 0 ? -apart : apart, out);
        textbuf_add(out, " away");
}

/* ", guilty.service (480 MiB of 512 MiB)": what cannot be reclaimed, of its limit. */
static void print_group(const Sample *s, const GroupSample *g, TextBuf *out) {
        Reading usage = evaluate_metric(s, METRIC_CGROUP_USAGE, &(Instance){ .group = g });

        textbuf_add(out, ", ");
        explain_group_name(g, out);
        textbuf_add(out, " (");
        if (usage.known)
                textbuf_add_bytes(out, (uint64_t) usage.value);
        else
                textbuf_add(out, "unknown");
        textbuf_add(out, " of ");
        textbuf_add_bytes(out, evaluate_group_limit(s, g));
        textbuf_add(out, ")");
}

static void print_verdict(const Config *config, const Sample *s, const Verdict *v, TextBuf *out) {
        const Policy *p = &config->policies[v->policy];

        textbuf_addf(out, "%s", p->name);
        if (v->proc >= 0) {
                const ProcFacts *f = s->procs[v->proc].facts;

                textbuf_add(out, ", ");
                textbuf_add_escaped(out, f->comm, strnlen(f->comm, sizeof(f->comm)));
                textbuf_addf(out, " (pid %" PRId32 ")", f->pid);
        } else if (v->group >= 0)
                print_group(s, &s->groups[v->group], out);
        else if (v->key.watch == WATCH_USER)
                textbuf_addf(out, ", user %" PRIu32, v->key.uid);
        textbuf_addf(out, ": %s%s\n", truth_name(v->when),
                v->when != TRUTH_TRUE && v->armed ? ", near" : "");

        for (size_t i = 0; i < v->n_atoms; i++) {
                textbuf_addf(out, "  %-7s ", truth_name(v->atoms[i].truth));
                explain_atom(&v->atoms[i], out);
                print_distance(&v->atoms[i], out);
                textbuf_add(out, "\n");
        }
}

static void print_correction(const char *words, uint64_t bytes, TextBuf *out) {
        if (bytes == 0)
                return;
        textbuf_addf(out, "  %s ", words);
        textbuf_add_bytes(out, bytes);
        textbuf_add(out, "\n");
}

static void print_readings(const Sample *s, TextBuf *out) {
        static const struct {
                MetricId id;
                MetricUnit unit;
                const char *name;
        } rows[] = {
                { METRIC_MEM_AVAILABLE, METRIC_UNIT_BYTES, "mem.available" },
                { METRIC_SWAP_FREE, METRIC_UNIT_BYTES, "swap.free" },
                { METRIC_FILL_RATE, METRIC_UNIT_BYTES_PER_SEC, "fill.rate" },
                { METRIC_MEM_EXHAUSTION, METRIC_UNIT_USEC, "mem.exhaustion" },
        };

        textbuf_add(out, "readings\n");
        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                textbuf_addf(out, "  %-15s ", rows[i].name);
                explain_reading(rows[i].unit, &s->system[rows[i].id], out);
                textbuf_add(out, "\n");
        }
        print_correction("mem.available counts reclaimable ARC:", s->corrected_arc, out);
        print_correction("mem.available leaves out file cache that comes back at once:",
                s->corrected_file, out);
        print_correction(
                "mem.available leaves out what must be written first:", s->corrected_dirty, out);
        if (s->grace)
                textbuf_add(out, "  after a pause: rates and pressure are unknown for a while\n");
        textbuf_add(out, "\n");
}

void explain_ward(const Ward *w, usec_t now_usec, TextBuf *out) {
        if (!w)
                return;
        textbuf_add(out, ": ");
        ward_print(w, out);
        if (w->until_usec != USEC_UNSET) {
                textbuf_add(out, ", for another ");
                textbuf_add_usec(out, w->until_usec - now_usec);
        }
}

static void print_steering(const Steering *steering, usec_t now_usec, TextBuf *out) {
        bool paused = steering_is_paused(steering, now_usec);

        if (paused) {
                textbuf_add(out, "paused for another ");
                textbuf_add_usec(out, steering->paused_until_usec - now_usec);
                textbuf_addf(out, ", by uid %" PRIu32 ": no step but notify is taken\n",
                        steering->paused_by_uid);
        }
        for (size_t i = 0; i < steering->n_wards; i++) {
                textbuf_add(out, "protected on request");
                explain_ward(&steering->wards[i], now_usec, out);
                textbuf_addf(out, ", by uid %" PRIu32 "\n", steering->wards[i].by_uid);
        }
        if (paused || steering->n_wards > 0)
                textbuf_add(out, "\n");
}

static void print_incident(const Config *config, const Sample *s, const Incident *i, TextBuf *out) {
        static const char *const phases[] = {
                [INCIDENT_HOLDING] = "holding",
                [INCIDENT_OPEN] = "open",
                [INCIDENT_COOLING] = "cooling",
        };
        const Policy *p = &config->policies[i->policy];
        const GroupSample *g = watch_is_group(i->key.watch)
                ? sample_find_group(s, i->key.slot, i->key.generation)
                : NULL;
        usec_t now = s->raw.at_usec;
        usec_t since = i->phase == INCIDENT_HOLDING ? i->true_since_usec
                : i->phase == INCIDENT_OPEN         ? i->opened_usec
                                                    : i->closed_usec;

        if (i->phase == INCIDENT_HOLDING)
                textbuf_addf(out, "  %s", p->name);
        else
                textbuf_addf(out, "  incident %" PRIu64 ", %s", i->id, p->name);
        if (g)
                print_group(s, g, out);
        textbuf_addf(out, ": %s for ", phases[i->phase]);
        textbuf_add_usec(out, usec_since(now, since));
        textbuf_addf(out, ", step %" PRIu32 " of %zu, %" PRIu32 " taken%s%s\n",
                MIN(i->next_step + 1, (uint32_t) p->n_steps), p->n_steps, i->n_steps_taken,
                i->critical ? ", critical" : "", i->held ? ", shown only" : "");
        if (i->reason[0] != '\0')
                textbuf_addf(out, "    because %s\n", i->reason);
        if (now < i->retry_usec) {
                textbuf_add(out, "    looks again in ");
                textbuf_add_usec(out, i->retry_usec - now);
                textbuf_add(out, "\n");
        }
}

static void print_incidents(
        const Config *config, const Sample *s, const IncidentBook *book, TextBuf *out) {
        bool any = false;

        for (size_t k = 0; k < INCIDENTS_MAX; k++) {
                if (!book->incidents[k].used || book->incidents[k].policy >= config->n_policies)
                        continue;
                if (!any)
                        textbuf_add(out, "incidents\n");
                any = true;
                print_incident(config, s, &book->incidents[k], out);
        }
        if (book->flight.active) {
                const Flight *f = &book->flight;
                const EventGroup *group = &f->target_group;

                textbuf_addf(out, "  under way: signal %d to ", f->signo);
                if (group->path[0] != '\0')
                        textbuf_add_escaped(out, group->unit[0] ? group->unit : group->path,
                                strlen(group->unit[0] ? group->unit : group->path));
                else
                        textbuf_addf(out, "pid %" PRId32, f->target.pid);
                textbuf_addf(out, ", %zu of %zu gone, promised ", f->n_gone, f->n_members);
                textbuf_add_bytes(out, book->flight.promised);
                textbuf_add(out, "\n");
                any = true;
        }
        if (any)
                textbuf_add(out, "\n");
}

static bool is_wanted(
        const Config *config, const Verdict *v, const Sample *s, int only_policy, int32_t pid) {
        if (only_policy >= 0 && v->policy != (uint16_t) only_policy)
                return false;
        if (v->policy >= config->n_policies)
                return false;
        if (pid <= 0)
                return true;
        if (v->group >= 0) {
                for (size_t i = 0; i < s->n_procs; i++)
                        if (s->procs[i].facts->pid == pid)
                                return sample_holds(s, &s->groups[v->group], i);
                return false;
        }
        return v->proc < 0 || s->procs[v->proc].facts->pid == pid;
}

/* There may be hundreds of cgroups that are nowhere near: they are counted. */
static bool is_far(const Verdict *v) {
        return v->group >= 0 && v->when != TRUTH_TRUE && !v->armed;
}

static void print_far(const Config *config, uint16_t policy, size_t n, bool told, TextBuf *out) {
        if (n > 0)
                textbuf_addf(out, "%s: not near for %zu%s cgroup%s\n\n",
                        config->policies[policy].name, n, told ? " other" : "", n == 1 ? "" : "s");
}

void explain_print(const Config *config, const Sample *s, const Verdict *verdicts,
        size_t n_verdicts, const IncidentBook *book, DecideScratch *scratch, int only_policy,
        int32_t pid, TextBuf *out) {
        size_t n_far = 0;
        bool told = false;

        if (pid <= 0) {
                print_steering(&book->steering, s->raw.at_usec, out);
                print_readings(s, out);
                print_incidents(config, s, book, out);
        }

        for (size_t i = 0; i < n_verdicts; i++) {
                const Verdict *v = &verdicts[i];
                bool last = i + 1 == n_verdicts || verdicts[i + 1].policy != v->policy;

                if (!is_wanted(config, v, s, only_policy, pid))
                        continue;
                if (is_far(v) && pid <= 0)
                        n_far++;
                else {
                        print_verdict(config, s, v, out);
                        explain_ranking(config, s, v, book, scratch, pid, out);
                        textbuf_add(out, "\n");
                        told = true;
                }
                if (last) {
                        print_far(config, v->policy, n_far, told, out);
                        n_far = 0;
                        told = false;
                }
        }
}
