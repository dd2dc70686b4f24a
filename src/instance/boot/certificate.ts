/** How a machine makes its TLS key. Pure. */
import { certificateName } from '../../core/certificate.ts'

/**
 * A key on the curve P-256, and a certificate for it that is worth nothing but its hash. Moved into
 * place last: where the certificate is, the key is.
 */
export function certificateCommand(folder: string): string {
  return [
    'openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650',
    `-subj /CN=${certificateName} -addext subjectAltName=DNS:${certificateName}`,
    `-keyout ${folder}/key.pem -out ${folder}/cert.new && mv ${folder}/cert.new ${folder}/cert.pem`,
  ].join(' ')
}
