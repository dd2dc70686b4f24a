/** The command with which a machine makes its TLS key. Pure. */
import { certificateName } from '../../../api/certificate.ts'

/**
 * A P-256 key and a self-signed certificate; only the certificate's hash matters. The certificate is
 * moved into place last: if it exists, so does the key.
 */
export function certificateCommand(folder: string): string {
  return [
    'openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650',
    `-subj /CN=${certificateName} -addext subjectAltName=DNS:${certificateName}`,
    `-keyout ${folder}/key.pem -out ${folder}/cert.new && mv ${folder}/cert.new ${folder}/cert.pem`,
  ].join(' ')
}
