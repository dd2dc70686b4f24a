/** A job with one command, as a client sends it. */
export const commandJob = {
  number: 1,
  name: 'wc',
  line: 'wc -l {in}',
  tasks: 2,
  printsStdout: false,
  job: {
    run: { script: 'wc -l "$TM_IN"' },
    input: 'file',
    env: {},
    outputs: [{ name: [{ value: 'stem' }, '.txt'] }],
    okExit: [0],
    retries: 0,
    grace: 1000,
    maxOutput: 1_000_000,
  },
}
