/* SPDX-License-Identifier: ISC */
/* Memory that processes have in common, as a descriptor to hand on (memfd_create(2)). */

#ifndef SERVER_PROC_MEMORY_H
#define SERVER_PROC_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/bytes.h"
#include "shared/status.h"

/*
 * "size" zeroed bytes that everybody may write and nobody can resize; close-on-exec. The name
 * shows up in /proc. STATUS_NO_DESCRIPTORS, STATUS_NO_MEMORY, STATUS_SYSTEM.
 */
enum status memory_new_shared(const char *name, size_t size, int *out);

/*
 * A copy of "content" that nobody can change any more (F_SEAL_WRITE and the other seals,
 * fcntl(2)).
 */
enum status memory_new_sealed(const char *name, struct bytes content, int *out);

/* Bytes that this machine has. */
uint64_t memory_of_machine(void);

/*
 * Maps all of it; *size comes from the descriptor. An empty one gives NULL and 0. Undo with
 * memory_unmap().
 */
enum status memory_map(int fd, bool is_writable, void **out, size_t *size);
void memory_unmap(void *memory, size_t size);

#endif
