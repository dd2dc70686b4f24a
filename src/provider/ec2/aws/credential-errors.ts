/**
 * The first rows of the table of AWS errors: no credentials, or credentials that can't be used. Those
 * of the SDK itself come before it has sent anything.
 */
import type { Failure, Row } from './failure.ts'

export const whoAmI = 'Check which identity you use: aws sts get-caller-identity'

function quoteCredentials({ message }: Failure): string {
  return `the AWS credentials can't be used: ${message.trim().replace(/\.$/, '')}`
}

function isSkewCorrected(error: unknown): boolean {
  const { $metadata } = error as { $metadata?: { clockSkewCorrected?: boolean } }
  return $metadata?.clockSkewCorrected === true
}

export const credentialRows: Row[] = [
  {
    kind: 'credentials',
    verdict: 'stop',
    codes:
      /^(ExpiredToken|TokenProviderError|CredentialsProviderError|InvalidGrant|UnauthorizedSSO)/,
    message: /expired|sso|refresh|log ?in|aws login/i,
    cause: 'the AWS credentials have expired',
    next: ['Log in again: aws sso login (or aws login)'],
  },
  {
    kind: 'credentials',
    verdict: 'stop',
    codes: /^ExpiredToken/,
    cause: 'the AWS credentials have expired',
    next: ['Log in again: aws sso login (or aws login)'],
  },
  {
    kind: 'no-credentials',
    verdict: 'stop',
    codes: /^CredentialsProviderError/,
    message: /^Could not load credentials from any providers/,
    cause: 'no AWS credentials found',
    next: [
      'Set them up: aws configure (or aws configure sso)',
      'Or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
    ],
  },
  {
    kind: 'credentials',
    verdict: 'stop',
    codes: /^CredentialsProviderError/,
    message: /multi-factor/i,
    cause: quoteCredentials,
    next: [
      'Get a session with your code first: eval "$(aws configure export-credentials --format env)"',
      'Or use a profile that needs no code: --profile',
    ],
  },
  {
    kind: 'credentials',
    verdict: 'stop',
    codes: /^CredentialsProviderError/,
    message: /using profile: \[|profile \S+ (was not|could not be) found/i,
    cause: quoteCredentials,
    next: ['See the profiles: aws configure list-profiles', 'Name another one: --profile'],
  },
  {
    kind: 'credentials',
    verdict: 'stop',
    codes: /^(CredentialsProviderError|TokenProviderError)/,
    cause: quoteCredentials,
    next: ['See where the AWS tools look for them: aws configure list', whoAmI],
  },
  {
    // The SDK has read AWS's clock from the answer, and signs by it from now on.
    kind: 'credentials',
    verdict: 'retry',
    when: ({ error }) => isSkewCorrected(error),
    cause: 'AWS rejects the time of the request: the clock of this machine is wrong',
    next: ['Set the clock: timedatectl set-ntp true'],
  },
  {
    kind: 'credentials',
    verdict: 'stop',
    // So EC2 says that a session is over, where STS says ExpiredToken.
    codes: /^RequestExpired/,
    cause: 'the AWS credentials have expired, or the clock of this machine is wrong',
    next: [
      'Log in again: aws sso login (or aws login)',
      'Or set the clock: timedatectl set-ntp true',
    ],
  },
  {
    kind: 'credentials',
    verdict: 'stop',
    codes: /^(RequestTimeTooSkewed|SignatureDoesNotMatch|InvalidSignature)/,
    message: /expired|skew|not yet current|too far/i,
    cause: 'AWS rejects the time of the request: the clock of this machine is wrong',
    next: ['Set the clock: timedatectl set-ntp true'],
  },
]
