/** The id of a node or worker: part of its token, of its tag in the process table, and of paths. */
export const machineIdPattern = /^[A-Za-z0-9-]{1,128}$/

export const machineIdRule = 'an id has letters, digits and hyphens'
