// The envelopes that the three services put around a result or an error.

import type { AwsError } from './errors.ts'
import { toXml, type Xml } from './xml.ts'

export type ServiceName = 'ec2' | 'iam' | 'sts' | 'servicequotas'

const head = '<?xml version="1.0" encoding="UTF-8"?>\n'

const namespaces: Record<Exclude<ServiceName, 'servicequotas'>, string> = {
  ec2: ' xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"',
  iam: ' xmlns="https://iam.amazonaws.com/doc/2010-05-08/"',
  sts: ' xmlns="https://sts.amazonaws.com/doc/2011-06-15/"',
}

export const versions: Record<Exclude<ServiceName, 'servicequotas'>, string> = {
  ec2: '2016-11-15',
  iam: '2010-05-08',
  sts: '2011-06-15',
}

export function success(
  service: ServiceName,
  action: string,
  result: { readonly [name: string]: Xml },
  requestId: string,
): string {
  if (service === 'servicequotas') return JSON.stringify(result)
  if (service === 'ec2') {
    const body = { requestId, ...result }
    return head + toXml(`${action}Response`, body, 'item', namespaces.ec2)
  }
  const body = { [`${action}Result`]: result, ResponseMetadata: { RequestId: requestId } }
  return head + toXml(`${action}Response`, body, 'member', namespaces[service])
}

export function failure(service: ServiceName, error: AwsError, requestId: string): string {
  const { code, message, status } = error
  if (service === 'servicequotas') return JSON.stringify({ __type: code, message })
  if (service === 'ec2') {
    const body = { Errors: { Error: { Code: code, Message: message } }, RequestID: requestId }
    return head + toXml('Response', body, 'item')
  }
  const blame = status < 500 ? 'Sender' : 'Receiver'
  const body = { Error: { Type: blame, Code: code, Message: message }, RequestId: requestId }
  return head + toXml('ErrorResponse', body, 'member', namespaces[service])
}
