import { describe, expect, it } from 'vitest'
import { type ValueSources, valuesFrom } from '../../../src/cli/jobs/values.ts'

const from = (sources: Partial<ValueSources>) =>
  valuesFrom({ files: [], sweeps: [], ...sources }).map(({ values }) => values)

describe('the values of tasks', () => {
  it('are parts of the name of each file', () => {
    expect(from({ files: ['data/a.tar.gz', './b', 'c/-x.txt', '.hidden'] })).toEqual([
      {
        n: '1',
        in: 'a.tar.gz',
        name: 'a.tar.gz',
        stem: 'a.tar',
        ext: 'gz',
        dir: 'data',
        path: 'data/a.tar.gz',
      },
      { n: '2', in: 'b', name: 'b', stem: 'b', ext: '', dir: '.', path: './b' },
      {
        n: '3',
        in: './-x.txt',
        name: '-x.txt',
        stem: '-x',
        ext: 'txt',
        dir: 'c',
        path: 'c/-x.txt',
      },
      {
        n: '4',
        in: '.hidden',
        name: '.hidden',
        stem: '.hidden',
        ext: '',
        dir: '.',
        path: '.hidden',
      },
    ])
  })

  it('are lines, numbers, or nothing but a number', () => {
    expect(from({ lines: ['x y', ''] })).toEqual([
      { n: '1', line: 'x y' },
      { n: '2', line: '' },
    ])
    expect(from({ array: '3-9:3' })).toEqual([{ n: '3' }, { n: '6' }, { n: '9' }])
    expect(from({ times: 2 })).toEqual([{ n: '1' }, { n: '2' }])
  })

  it('are every combination of a sweep, the last name fastest', () => {
    expect(from({ sweeps: ['lr=0.1,0.01', 'seed=1..3'] })).toEqual(
      [
        ['0.1', '1'],
        ['0.1', '2'],
        ['0.1', '3'],
        ['0.01', '1'],
        ['0.01', '2'],
        ['0.01', '3'],
      ].map(([lr, seed], index) => ({ n: String(index + 1), lr, seed })),
    )
  })

  it('are pairs of a sweep with --zip', () => {
    expect(from({ sweeps: ['lr=0.1,0.01', 'seed=1..2'], zip: true })).toEqual([
      { n: '1', lr: '0.1', seed: '1' },
      { n: '2', lr: '0.01', seed: '2' },
    ])
  })

  it('are columns of lines, by number and by the name in the header', () => {
    const lines = ['name\turl\t', 'a b\thttp://x\t1', '\t"q"\t']
    expect(from({ lines, columns: { separator: '\t', header: true } })).toEqual([
      { n: '1', line: lines[1], 1: 'a b', 2: 'http://x', 3: '1', name: 'a b', url: 'http://x' },
      { n: '2', line: lines[2], 1: '', 2: '"q"', 3: '', name: '', url: '"q"' },
    ])
    expect(from({ lines: ['x, y'], columns: { separator: ', ', header: false } })).toEqual([
      { n: '1', line: 'x, y', 1: 'x', 2: 'y' },
    ])
  })

  it('are the keys of objects: texts as they are, anything else as its JSON', () => {
    const rows = [
      { text: 'a"b', yes: true, none: null, list: [1, { x: 'y' }] },
      { text: '', LR: 0.1 },
    ]
    const expected = [
      { n: '1', text: 'a"b', yes: 'true', none: 'null', list: '[1,{"x":"y"}]' },
      { n: '2', text: '', LR: '0.1' },
    ]
    expect(from({ json: rows.map((row) => JSON.stringify(row)).join('\n') })).toEqual(expected)
    expect(from({ json: JSON.stringify(rows, undefined, 2) })).toEqual(expected)
  })

  it('keep numbers as they were written', () => {
    const json = '{"id": 12345678901234567890, "x": 1.0, "y": 1e-5, "in_list": [1.50]}'
    expect(from({ json })).toEqual([
      { n: '1', id: '12345678901234567890', x: '1.0', y: '1e-5', in_list: '[1.50]' },
    ])
  })

  it('come again with --times', () => {
    expect(from({ files: ['a'], times: 2 }).map(({ n, name }) => [n, name])).toEqual([
      ['1', 'a'],
      ['2', 'a'],
    ])
  })

  it.each([
    [{}, /nothing to run/],
    [{ files: ['a'], array: '1-2' }, /one place/],
    [{ array: '5-1' }, /--array/],
    [{ array: '1-99999999999' }, /--array/],
    [{ array: '1-5:0' }, /--array/],
    [{ sweeps: ['l-r=1'] }, /--sweep.*can't be a placeholder/],
    [{ sweeps: ['lr'] }, /NAME=VALUES/],
    [{ sweeps: ['a=1', 'a=2'] }, /twice/],
    [{ sweeps: ['TAG=1'] }, /taken/],
    [{ sweeps: ['OUT=1'] }, /taken/],
    [{ sweeps: ['in=1'] }, /taken/],
    [{ sweeps: ['a=1..3', 'b=1,2'], zip: true }, /a has 3, b has 2/],
    [{ lines: ['a,b', 'c'], columns: { separator: ',', header: false } }, /"c" has 1 column, .* 2/],
    [
      { lines: ['a,a', 'c,d'], columns: { separator: ',', header: true } },
      /Two columns are called a/,
    ],
    [{ lines: ['a b,c', '1,2'], columns: { separator: ',', header: true } }, /"a b" can't/],
    [{ json: '{"a":1}\n\n{"a":' }, /line 3 is not JSON/],
    [{ json: '[{"a":1},2]' }, /element 2 is not an object/],
    [{ json: '[1]' }, /element 1 is not an object/],
    [{ json: '{"l-r":1}' }, /line 1: "l-r" can't/],
    [{ sweeps: ['=1'] }, /--sweep/],
    [{ sweeps: ['a=5..1'] }, /go up/],
    [{ sweeps: ['a=1..5000', 'b=1..5000'] }, /too many/],
  ])('are refused: %j', (sources, why) => {
    expect(() => from(sources)).toThrow(why)
  })
})
