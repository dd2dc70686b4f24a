/** The SHA-512 chain: our kernel, Python's hashlib, and OpenSSL from C, in turn. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { createChain } from '../src/kinds/sha512/chain.ts'
import { median, type Row } from './table.ts'

/** One side: iterations per second, measured for about `seconds`. */
type Side = (seconds: number) => number

const python = `
import hashlib, sys, time
d = b'x' * 64
n = 0
end = time.perf_counter() + float(sys.argv[1])
t = time.perf_counter()
while time.perf_counter() < end:
    for _ in range(20000): d = hashlib.sha512(d).digest()
    n += 20000
print(n / (time.perf_counter() - t))
`

const c = `
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
static double now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + t.tv_nsec / 1e9; }
int main(int argc, char **argv) {
  unsigned char d[64] = {1};
  double start = now(), end = start + atof(argv[1]);
  long n = 0;
  while (now() < end) {
    for (int i = 0; i < 20000; i++) { SHA512_CTX c; SHA512_Init(&c); SHA512_Update(&c, d, 64); SHA512_Final(d, &c); }
    n += 20000;
  }
  printf("%f %d\\n", n / (now() - start), d[0]);
  return 0;
}
`

export async function kernel({ runs }: { runs: number }): Promise<Row[]> {
  const sides = { ours: ours(), python: hashlib(), c: openssl() }
  const rates = { ours: [] as number[], python: [] as number[], c: [] as number[] }
  for (let run = 0; run < runs; run += 1) {
    for (const name of ['ours', 'python', 'c'] as const) {
      const side = sides[name]
      if (side) rates[name].push(side(0.6))
    }
  }
  const base = { bench: 'kernel' }
  const rows: Row[] = [
    {
      ...base,
      what: 'chain, one core',
      value: median(rates.ours),
      unit: 'iterations/s',
      runs: rates.ours,
    },
  ]
  const ratio = (other: number[]) =>
    rates.ours.map((rate, run) => rate / (other[run] ?? Number.NaN))
  if (sides.python) {
    const each = ratio(rates.python)
    rows.push({
      ...base,
      what: '÷ hashlib',
      value: median(each),
      unit: '×',
      floor: 2.4,
      runs: each,
    })
  } else {
    const each = ratio(Array.from({ length: runs }, () => nodeCrypto(0.3)))
    rows.push({
      ...base,
      what: '÷ crypto.createHash',
      value: median(each),
      unit: '×',
      runs: each,
      note: 'no python3 here',
    })
  }
  if (sides.c) {
    const each = ratio(rates.c)
    rows.push({
      ...base,
      what: '÷ OpenSSL in C',
      value: median(each),
      unit: '×',
      floor: 0.75,
      aim: 0.8,
      runs: each,
    })
  } else {
    rows.push({
      ...base,
      what: '÷ OpenSSL in C',
      value: Number.NaN,
      unit: '',
      note: 'no C compiler or no libssl here',
    })
  }
  const cores = availableParallelism()
  const all: number[] = []
  for (let run = 0; run < runs; run += 1) all.push(await onAllCores(cores, 0.6))
  rows.push({
    ...base,
    what: `${cores} chains on ${cores} cores`,
    value: median(all),
    unit: 'iterations/s',
    runs: all,
  })
  return rows
}

function ours(): Side {
  const chain = createChain()
  chain.warmUp()
  return (seconds) => rateOf(seconds, (count) => void chain.run(new Uint8Array(64), count))
}

function nodeCrypto(seconds: number): number {
  let digest = Buffer.alloc(64)
  return rateOf(seconds, (count) => {
    for (let n = 0; n < count; n += 1) digest = createHash('sha512').update(digest).digest()
  })
}

export function rateOf(seconds: number, work: (count: number) => void): number {
  const began = performance.now()
  const end = began + seconds * 1000
  let count = 0
  for (; performance.now() < end; count += 20_000) work(20_000)
  return (count / (performance.now() - began)) * 1000
}

function hashlib(): Side | undefined {
  try {
    execFileSync('python3', ['-c', 'import hashlib'], { stdio: 'ignore' })
  } catch {
    return undefined
  }
  return (seconds) =>
    Number(execFileSync('python3', ['-c', python, String(seconds)], { encoding: 'utf8' }))
}

function openssl(): Side | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'tm-bench-'))
  const source = join(folder, 'chain.c')
  const program = join(folder, 'chain')
  writeFileSync(source, c)
  try {
    execFileSync('cc', ['-O3', '-Wno-deprecated-declarations', source, '-o', program, '-lcrypto'], {
      stdio: 'ignore',
    })
  } catch {
    return undefined
  }
  return (seconds) =>
    Number(execFileSync(program, [String(seconds)], { encoding: 'utf8' }).split(' ')[0])
}

async function onAllCores(cores: number, seconds: number): Promise<number> {
  const file = new URL('./kernel-thread.ts', import.meta.url)
  const rates = await Promise.all(
    Array.from(
      { length: cores },
      () =>
        new Promise<number>((resolve, reject) => {
          const thread = new Worker(file, { workerData: seconds })
          thread.once('message', resolve).once('error', reject)
        }),
    ),
  )
  return rates.reduce((sum, rate) => sum + rate, 0)
}
