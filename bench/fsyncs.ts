/**
 * Counts the fsyncs of a process from outside, without a change to it: a small library, built here,
 * is loaded into it and stands in front of the C library's `fsync` and `fdatasync`. It adds one to a
 * number in a file, so that it costs nothing beside the fsync itself (strace would double it).
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const c = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
static atomic_ulong *count;
static int (*next_fsync)(int);
static int (*next_fdatasync)(int);
__attribute__((constructor)) static void start(void) {
  const char *path = getenv("TM_BENCH_FSYNCS");
  int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
  void *at = fd < 0 ? MAP_FAILED : mmap(0, 8, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (at != MAP_FAILED) count = at;
  if (fd >= 0) close(fd);
  next_fsync = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  next_fdatasync = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
}
int fsync(int fd) { if (count) atomic_fetch_add(count, 1); return next_fsync(fd); }
int fdatasync(int fd) { if (count) atomic_fetch_add(count, 1); return next_fdatasync(fd); }
`

export interface FsyncCounter {
  /** For the process whose fsyncs are to be counted. */
  env: Record<string, string>
  /** Since the counter was made. */
  read(): number
  remove(): void
}

/** Undefined where it can't be built: no C compiler, or not Linux. */
export function countFsyncs(): FsyncCounter | undefined {
  if (process.platform !== 'linux') return undefined
  const folder = mkdtempSync(join(tmpdir(), 'tm-bench-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  const source = join(folder, 'fsyncs.c')
  const library = join(folder, 'fsyncs.so')
  const file = join(folder, 'count')
  writeFileSync(source, c)
  writeFileSync(file, new Uint8Array(8))
  try {
    const options = ['-O2', '-shared', '-fPIC', source, '-o', library, '-ldl']
    execFileSync('cc', options, { stdio: 'ignore' })
  } catch {
    remove()
    return undefined
  }
  return {
    env: { LD_PRELOAD: library, TM_BENCH_FSYNCS: file },
    read: () => Number(readFileSync(file).readBigUInt64LE()),
    remove,
  }
}
