/** The name in every node's certificate: its addresses are not known when it is made. */
export const certificateName = 'tm-node'
