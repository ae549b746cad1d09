// SPDX-License-Identifier: LGPL-2.1-or-later

// A Go program that gives memory back when avert says that memory is short:
//
//	MEMORY_PRESSURE_WATCH=/run/avert/pressure go run shed-on-hint.go
package main

import (
	"log"
	"net"
	"os"
	"runtime/debug"
	"time"
)

// freeOnHint runs free at each hint, and connects again when avertd was started anew.
func freeOnHint(free func(level string)) {
	for ; ; time.Sleep(10 * time.Second) {
		conn, err := net.Dial("unix", os.Getenv("MEMORY_PRESSURE_WATCH"))
		if err != nil {
			continue
		}
		for level := make([]byte, 64); err == nil; {
			var n int
			if n, err = conn.Read(level); err == nil {
				free(string(level[:n])) // "low\n", "medium\n" or "critical\n"
			}
		}
		conn.Close()
	}
}

func main() {
	go freeOnHint(func(level string) {
		log.Print("free some memory: ", level)
		debug.FreeOSMemory() // and your caches, in portions: it is told again while it lasts
	})
	select {} // what your program does
}
