/**
 * What keeps the commands of a worker apart and ends all that they start. Control groups (cgroups of Linux) also hold
 * them to the memory that they have said they need.
 */
export const isolations = ['control groups', 'process groups'] as const
export type Isolation = (typeof isolations)[number]
