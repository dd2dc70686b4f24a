/**
 * A moment on two clocks, always passed as a value. `wall` is shown to people and may jump; `steady`
 * only moves forward and decides leases, retries and loans. Both are milliseconds since the Unix
 * epoch; a process sets `steady` to `wall` when it starts.
 */
export interface Moment {
  wall: number
  steady: number
}

export type Clock = () => Moment
