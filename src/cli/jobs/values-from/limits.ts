/** More tasks than this in one job are a mistake in a range. */
export const maxTasks = 10_000_000
