/** What both ends of a TLS connection to a node agree on beforehand. */

/** The name in every node's certificate: its addresses are not known when it is made. */
export const certificateName = 'tm-node'

/** Said at both ends: the default of a process can be lowered from outside (NODE_OPTIONS). */
export const minVersion = 'TLSv1.2'
