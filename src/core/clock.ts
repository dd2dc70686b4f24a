/**
 * The two readings of time, always passed in as values. `wall` is what people read and may jump;
 * `steady` only moves forward, and decides leases, retries and loans. Both are milliseconds since
 * the Unix epoch; a process sets `steady` to `wall` when it starts.
 */
export interface Moment {
  wall: number
  steady: number
}

export type Clock = () => Moment
