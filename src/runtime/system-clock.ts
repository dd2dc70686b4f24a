/** The machine's two clocks. `steady` is the monotonic clock, set to the wall clock at the start. */
import type { Clock } from '../core/clock.ts'

export const systemClock: Clock = () => ({
  wall: Date.now(),
  steady: performance.timeOrigin + performance.now(),
})
