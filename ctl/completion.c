/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/completion.h"

#include <ctype.h>
#include <string.h>

#include "base/text.h"

static const char *const names[_SHELL_MAX] = {
        [SHELL_BASH] = "bash",
        [SHELL_ZSH] = "zsh",
        [SHELL_FISH] = "fish",
};

static const char *const kind_words[_ARGUMENT_KIND_MAX] = {
        [ARGUMENT_POLICY] = "POLICY",
        [ARGUMENT_PID] = "PID",
        [ARGUMENT_UNIT] = "UNIT",
        [ARGUMENT_FILE] = "FILE",
        [ARGUMENT_DIR] = "DIR",
        [ARGUMENT_OTHER] = "",
};

const char *shell_name(Shell shell) {
        return names[shell];
}

static ArgumentKind kind_of(Slice word) {
        for (int k = 0; k < ARGUMENT_OTHER; k++)
                if (slice_equals(word, slice_of(kind_words[k])))
                        return (ArgumentKind) k;
        return ARGUMENT_OTHER;
}

void arguments_parse(const char *text, Arguments *ret) {
        TextBuf words;

        *ret = (Arguments){ .kinds = 0 };
        textbuf_init(&words, ret->words, sizeof(ret->words));
        while (*text) {
                size_t len = strcspn(text, "[]|. ");
                Slice word = { text, len };

                if (len > 0 && isupper((unsigned char) text[0]))
                        ret->kinds |= 1u << kind_of(word);
                else if (len > 0)
                        textbuf_addf(&words, "%s%.*s", words.len > 0 ? " " : "", (int) len, text);
                text += len + (text[len] != '\0');
        }
}

void completion_print(Shell shell, FILE *out) {
        switch (shell) {
        case SHELL_BASH:
                completion_print_bash(out);
                break;
        case SHELL_ZSH:
                completion_print_zsh(out);
                break;
        case SHELL_FISH:
                completion_print_fish(out);
                break;
        case _SHELL_MAX:
                break;
        }
}
