// How the stand-in says no: one error type that every part throws, and the HTTP status that AWS
// gives with each code. `answer.ts` writes it in the format of the service that was asked.

export class AwsError extends Error {
  readonly code: string
  readonly status: number

  constructor(code: string, message: string, status = statusOf(code)) {
    super(message)
    this.name = 'AwsError'
    this.code = code
    this.status = status
  }
}

/** The statuses that are not 400, for faults that name only a code. From the pages "Error codes
 *  for the Amazon EC2 API" and "Common Errors" of IAM and STS; DryRunOperation's 412 and
 *  InsufficientInstanceCapacity's 500 are what the services are seen to send. */
const statuses: Record<string, number> = {
  AccessDenied: 403,
  AuthFailure: 401,
  'AuthFailure.ServiceLinkedRoleCreationNotPermitted': 403,
  DeleteConflict: 409,
  DryRunOperation: 412,
  EntityAlreadyExists: 409,
  ExpiredToken: 403,
  InsufficientInstanceCapacity: 500,
  InternalError: 500,
  InternalFailure: 500,
  InvalidClientTokenId: 403,
  LimitExceeded: 409,
  MissingAuthenticationToken: 403,
  NoSuchEntity: 404,
  OptInRequired: 403,
  RequestLimitExceeded: 503,
  ServiceUnavailable: 503,
  SignatureDoesNotMatch: 403,
  Unavailable: 503,
  UnauthorizedOperation: 403,
}

export function statusOf(code: string): number {
  return statuses[code] ?? 400
}
