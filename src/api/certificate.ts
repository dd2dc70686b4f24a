/** TLS settings that a node and its clients share. */

/** The name in every node's certificate, because its addresses are not known when it is made. */
export const certificateName = 'tm-node'

/** Set on both ends, because NODE_OPTIONS can lower the default of a process. */
export const minVersion = 'TLSv1.2'
