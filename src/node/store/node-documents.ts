/** Small named values of the node itself, such as its settings, siblings and loans. */

export interface NodeDocuments {
  /** The value last saved under this key; undefined if there is none. */
  load(key: string): Promise<unknown>
  /** Replaces the value of this key. The value is JSON. Atomic; durable when it answers. */
  save(key: string, value: unknown): Promise<void>
}
