/** The machine's two clocks. The steady one is the monotonic clock, set to the wall's at the start. */
import type { Clock } from '../core/clock.ts'

export const systemClock: Clock = () => ({
  wall: Date.now(),
  steady: performance.timeOrigin + performance.now(),
})
