/** Tasks that keep a worker busy for a while. */
import { v7 } from 'uuid'

export function tasksOf(count: number, iterations: number) {
  return Array.from({ length: count }, (_, index) => ({
    id: v7(),
    iterations,
    body: new TextEncoder().encode(`task ${index}`),
  }))
}
