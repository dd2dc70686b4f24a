/** Ports of nodes: those that clients refuse are known before anything is started. */
import { expect, it } from 'vitest'
import { blockedPorts, requirePort } from '../../src/core/ports.ts'

it.each(blockedPorts)(
  '%i is a port to which fetch sends nothing, so no node may have it',
  async (port) => {
    const cause = expect.objectContaining({ message: 'bad port' })
    await expect(fetch(`http://127.0.0.1:${port}`)).rejects.toMatchObject({ cause })
    expect(() => requirePort('--port', String(port), 1)).toThrow(
      `--port must not be ${port}: clients refuse this port`,
    )
  },
)

it('all other ports may be used, and 0 where it means any', () => {
  const ports = Array.from({ length: 65_535 }, (_, index) => index + 1)
  const free = ports.filter((port) => !blockedPorts.includes(port))
  expect(free.map((port) => requirePort('--port', String(port), 1))).toEqual(free)
  expect(requirePort('--port', '0', 0)).toBe(0)
  for (const bad of ['0', '65536', 'https', '']) {
    expect(() => requirePort('--port', bad, 1)).toThrow('a whole number from 1 to 65535')
  }
})
