/** Where processes are that were started somewhere, some time ago: the one table. */
import { describe, expect, it } from 'vitest'
import { type Host, whereabouts } from '../../src/core/host.ts'

const here: Host = { name: 'alpha', machine: 'm1', boot: 'b1', pidNamespace: 'pid:[1]' }
const mac: Host = { name: 'alpha.local' }

describe('processes that were started', () => {
  it.each<[string, Host | undefined, Host, string]>([
    ['here', here, here, 'here'],
    ['by an older tm, which did not say where', undefined, here, 'here'],
    ['before this computer was renamed', { ...here, name: 'beta' }, here, 'here'],
    ['in a container of this computer', { ...here, pidNamespace: 'pid:[2]' }, here, 'namespace'],
    [
      'in a container with a name of its own',
      { ...here, name: 'c0ffee', pidNamespace: 'pid:[2]' },
      here,
      'namespace',
    ],
    ['before this computer started anew', { ...here, boot: 'b0' }, here, 'here'],
    ['before that, in a container', { ...here, boot: 'b0', pidNamespace: 'pid:[2]' }, here, 'here'],
    ['on another computer', { ...here, name: 'beta', machine: 'm2', boot: 'b2' }, here, 'host'],
    ['on a clone of this computer', { ...here, name: 'beta', boot: 'b2' }, here, 'host'],
    ['on another computer of this name', { ...here, machine: 'm2', boot: 'b2' }, here, 'host'],
    ['on a Mac, seen from Linux', mac, here, 'host'],
    ['on Linux, seen from a Mac', here, mac, 'host'],
    ['on this Mac, in another network', { name: 'dhcp-7' }, mac, 'here'],
  ])('%s', (_, then, now, where) => {
    expect(whereabouts(then, now)).toBe(where)
  })
})
