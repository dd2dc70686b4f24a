/**
 * The first rows of the error table: AWS does not know who asks, or does not let him. Nothing to
 * retry; the operator has to do something.
 */
import { describeDenial, readDenial } from './denied.ts'
import { again, inRegion, quotes, says, who } from './error-words.ts'
import type { Row } from './failure.ts'

export const refusals: Row[] = [
  {
    kind: 'credentials',
    verdict: 'stop',
    codes:
      /^(ExpiredToken|TokenProviderError|CredentialsProviderError|InvalidGrant|UnauthorizedSSO)/,
    message: /expired|sso|refresh|log ?in/i,
    explain: says('the AWS credentials have expired', 'Log in again: aws sso login'),
  },
  {
    kind: 'credentials',
    verdict: 'stop',
    codes: /^ExpiredToken/,
    explain: says('the AWS credentials have expired', 'Log in again: aws sso login'),
  },
  {
    kind: 'no-credentials',
    verdict: 'stop',
    codes: /^(CredentialsProviderError|TokenProviderError|MissingAuthenticationToken)/,
    explain: says(
      'there are no AWS credentials',
      'Set them up: aws configure (or aws configure sso)',
      'Or in the environment: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
    ),
  },
  {
    kind: 'credentials',
    verdict: 'stop',
    codes: /^(RequestExpired|RequestTimeTooSkewed|SignatureDoesNotMatch|InvalidSignature)/,
    message: /expired|skew|not yet current|too far/i,
    explain: says(
      "AWS finds the request's time wrong: the clock of this machine is off",
      'Set the clock: timedatectl set-ntp true',
    ),
  },
  {
    kind: 'account',
    verdict: 'stop',
    codes: /^AuthFailure\.ServiceLinkedRoleCreationNotPermitted/,
    explain: says(
      'spot machines need a service-linked role that this account does not have yet',
      'Make it once: aws iam create-service-linked-role --aws-service-name spot.amazonaws.com',
      'Or go without: leave out --spot',
    ),
  },
  {
    kind: 'credentials',
    verdict: 'stop',
    codes:
      /^(AuthFailure|InvalidClientTokenId|UnrecognizedClient|SignatureDoesNotMatch|IncompleteSignature|InvalidAccessKeyId|RequestExpired)$/,
    explain: (_, context) => ({
      cause: `AWS does not accept the credentials${inRegion(context)}`,
      next: [who, 'A region that must be switched on first gives this too', again(context)],
    }),
  },
  {
    kind: 'denied',
    verdict: 'stop',
    codes: /^(UnauthorizedOperation|AccessDenied|NotAuthorized)/,
    explain: ({ message }, context) => ({
      cause: describeDenial(readDenial(message)),
      next: [
        'What tm needs, with a reason for each line: docs/aws.md (operator.json)',
        who,
        again(context),
      ],
    }),
  },
  {
    kind: 'account',
    verdict: 'stop',
    codes: /^(OptInRequired|PendingVerification|Blocked|SubscriptionRequired)/,
    explain: quotes('Look at the account: https://console.aws.amazon.com/billing'),
  },
]
