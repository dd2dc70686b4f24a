/** What a shell makes of a line with placeholders: run by a real shell, with hostile values. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of a shell look like this.
import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { variableOf } from '../../../src/kinds/command/placeholders.ts'
import { compileShellLine } from '../../../src/kinds/command/shell-line.ts'

const known = new Set(['in', 'out', 'n', 'lr', 'stem'])
const script = (line: string) => compileShellLine(line, known).script

/** The arguments that a program in this line gets, each followed by NUL. */
function argumentsOf(line: string, values: Record<string, string>): string[] {
  const env = Object.fromEntries(
    Object.entries(values).map(([name, value]) => [variableOf(name), value]),
  )
  const show = `show() { printf '%s\\0' "$@"; }\n`
  const said = execFileSync('/bin/sh', ['-c', show + script(line)], { env }).toString()
  return said.split('\0').slice(0, -1)
}

/** Values that have broken other tools, and any others without NUL, which no variable can hold. */
const hostile = fc
  .oneof(
    fc.constantFrom(
      '',
      ' ',
      '-rf',
      '--',
      '*',
      '~',
      '$(touch pwned)',
      '`touch pwned`',
      '"; touch pwned; "',
      "'; touch pwned; '",
      'a\nb\n',
      '\\',
      '$HOME',
      '${IFS}',
      '日本語 名前.txt',
      '\u202Eevil',
      '\x1b[31m',
      '{in}',
      '{{',
      'x'.repeat(255),
    ),
    fc.string({ unit: 'binary', maxLength: 40 }).map((text) => text.replaceAll('\0', '')),
  )
  .filter((text) => text.isWellFormed())

describe('a value', () => {
  it('is one argument, byte for byte, wherever it stands', () => {
    fc.assert(
      fc.property(hostile, hostile, (one, other) => {
        const values = { in: one, lr: other }
        expect(argumentsOf('show {in} {lr}', values)).toEqual([one, other])
        expect(argumentsOf('show "{in}" "<{lr}>"', values)).toEqual([one, `<${other}>`])
        expect(argumentsOf('show pre{in}post --lr={lr}', values)).toEqual([
          `pre${one}post`,
          `--lr=${other}`,
        ])
      }),
      { numRuns: 60 },
    )
  })

  it('is text inside $(…), too, which takes line breaks from its end as always', () => {
    fc.assert(
      fc.property(hostile, (value) => {
        const line = `show "$(printf %s {in})" "$(printf %s "{in}")"`
        const shown = value.replace(/\n+$/, '')
        expect(argumentsOf(line, { in: value })).toEqual([shown, shown])
      }),
      { numRuns: 40 },
    )
  })
})

describe('a placeholder for several arguments', () => {
  const lists = new Set(['in'])
  const compiled = (line: string) => compileShellLine(line, known, lists).script

  it.each([
    ['sum {in}', 'sum "$@"'],
    ['(sum {in})>{out}', '(sum "$@")>"${TM_OUT}"'],
    [
      'x=$(cat {in}); for f in {in}; do echo "$f"; done',
      'x=$(cat "$@"); for f in "$@"; do echo "$f"; done',
    ],
    ['{ cat {in}; } | wc', '{ cat "$@"; } | wc'],
    ['sum {} {out}', 'sum "$@" "${TM_OUT}"'],
  ])('%s', (line, expected) => {
    expect(compiled(line)).toBe(expected)
  })

  it.each([
    ['sum "{in}"', /without quotes/],
    ["sum '{in}'", /nothing/],
    ['sum --file={in}', /spaces around/],
    ['sum {in}.txt', /spaces around/],
    ['sum < {in}', /spaces around/],
    ['sum >{in}', /spaces around/],
    ['x={in}', /spaces around/],
    ['f() { cat {in}; }; f', /function/],
    ['echo `cat {in}`', /\$\(…\)/],
  ])('%s is refused', (line, why) => {
    expect(() => compiled(line)).toThrow(why)
  })

  it('is every argument, byte for byte', () => {
    fc.assert(
      fc.property(fc.array(hostile, { maxLength: 6 }), hostile, (all, lr) => {
        const line = compiled('show {in} "{lr}"; for f in {in}; do show "$f"; done')
        const show = `show() { printf '%s\\0' "$@"; }\n`
        const said = execFileSync('/bin/sh', ['-c', show + line, 'sh', ...all], {
          env: { [variableOf('lr')]: lr },
        }).toString()
        expect(said.split('\0').slice(0, -1)).toEqual([...all, lr, ...all])
      }),
      { numRuns: 60 },
    )
  })
})

describe('a line', () => {
  it.each([
    ['cp {in} {out}', 'cp "${TM_IN}" "${TM_OUT}"'],
    ['echo "{in}"', 'echo "${TM_IN}"'],
    ['echo {n}', 'echo "${TM_N}"'],
    ['train --lr {lr}', 'train --lr "${TM_lr}"'],
    ['cat {} {#} {/.}', 'cat "${TM_IN}" "${TM_N}" "${TM_STEM}"'],
    ['echo {{in}} }}', 'echo {in} }'],
    ["awk '{print $1}' {in}", `awk '{print $1}' "\${TM_IN}"`],
    ["awk '{print}' {in}", `awk '{print}' "\${TM_IN}"`],
    ['{ echo a; echo b; } > {out}', '{ echo a; echo b; } > "${TM_OUT}"'],
    ['echo ${HOME} $(date) {in}', 'echo ${HOME} $(date) "${TM_IN}"'],
    ['echo ${a:-${b}} {in}', 'echo ${a:-${b}} "${TM_IN}"'],
    ['echo {a,b} {1..3}', 'echo {a,b} {1..3}'],
    ['echo $((1+2)) {in}', 'echo $((1+2)) "${TM_IN}"'],
    ['echo \\{in}', 'echo \\{in}'],
    ['(cd x && ls) > {out}', '(cd x && ls) > "${TM_OUT}"'],
  ])('%s', (line, expected) => {
    expect(script(line)).toBe(expected)
  })

  it('has apostrophes in comments, which open nothing', () => {
    expect(script("ls # that's {in}\necho {in}")).toBe('ls # that\'s {in}\necho "${TM_IN}"')
  })

  it.each([
    ["echo '{in}'", /nothing/],
    ['echo `cat {in}`', /\$\(…\)/],
    ['echo $(({n}+1))', /compute/],
    ['echo ${x:-{in}}', /variable of its own/],
    ['cat <<EOF\n{in}\nEOF', /<</],
    ['echo {imput}', /Unknown placeholder \{imput\}/],
    ['echo {line}', /\{line\} has no value here/],
    ['echo "{in}', /" is missing/],
    ["echo {in} 'x", /' is missing/],
  ])('%s is refused', (line, why) => {
    expect(() => script(line)).toThrow(why)
  })

  it('without placeholders is left as it is, whatever a shell thinks of it', () => {
    for (const line of ["echo 'unclosed", 'case x in a) ls;; esac', 'x=`date`']) {
      expect(script(line)).toBe(line)
    }
  })

  it('names the placeholders that it needs', () => {
    expect(compileShellLine('cp {in} {out}; echo {in}', known).names).toEqual(['in', 'out', 'in'])
  })
})
