/**
 * The credentials of the SDK's default chain: environment, profile, SSO, a program, the role of an
 * instance. The chain forgets why a source failed and goes on to the next; here the reason is kept, so
 * that broken credentials are told from none, and are never replaced by those of somebody else.
 */
import { STSClient, type STSClientConfig } from '@aws-sdk/client-sts'

export type CredentialProvider = STSClient['config']['credentials']

export interface Credentials {
  provider: CredentialProvider
  /**
   * Whether the environment or the files of this machine name credentials, good or bad. Does not wait
   * for a metadata service, which only instances have.
   */
  areConfigured(): Promise<boolean>
}

/** What the SDK logs for each source that failed. */
const failed = /^@smithy\/property-provider \S+ (.*)$/s
/** What it logs before it asks the metadata service of an instance, its last source. */
const last = /remoteProvider::fromInstanceMetadata|Metadata Service access disabled/

/** A source that nobody has configured. Any other reason means a source that is broken. */
const notConfigured = [
  /^Unable to find environment variable credentials/,
  /^Skipping SSO provider/,
  /^Could not resolve credentials using profile: \[default\]/,
  /^Profile default (could not be found|did not contain)/,
  /^Web identity configuration not specified/,
  /Metadata Service access disabled/,
  /^AWS_EC2_METADATA_V1_DISABLED not set/,
  /^Could not load credentials from any providers/,
  // A setting, such as the region.
  /^Not found in (ENV|config files)/,
]
/** Not the reason itself: a profile was named, and that profile has failed. */
const profileNamed = /^AWS_PROFILE is set/

export function findCredentials(config: STSClientConfig): Credentials {
  const reasons = new Set<string>()
  const exhausted = Promise.withResolvers<void>()
  function listen(text: unknown): void {
    const reason = failed.exec(String(text))?.[1]
    if (reason && !notConfigured.some((one) => one.test(reason))) reasons.add(reason)
    if (last.test(String(text))) exhausted.resolve()
  }
  const silent = () => {}
  const logger = { trace: silent, debug: listen, info: silent, warn: silent, error: silent }
  const chain = new STSClient({ ...config, logger }).config.credentials

  const provider: CredentialProvider = async (options) => {
    try {
      const found = await chain(options)
      const broken = brokenSource(reasons)
      if (broken) throw broken
      return found
    } catch (error) {
      throw isGeneric(error) ? (brokenSource(reasons) ?? error) : error
    }
  }

  return {
    provider,
    async areConfigured() {
      const asked = provider().then(
        () => true,
        (error) => !isGeneric(error),
      )
      return await Promise.race([asked, exhausted.promise.then(() => reasons.size > 0)])
    },
  }
}

function isGeneric(error: unknown): boolean {
  return /^Could not load credentials from any providers/.test((error as Error).message)
}

/** Named like the SDK's own error. */
function brokenSource(reasons: Set<string>): Error | undefined {
  const [reason] = [...reasons].filter((one) => !profileNamed.test(one))
  if (reason === undefined) return undefined
  return Object.assign(new Error(reason), { name: 'CredentialsProviderError' })
}
