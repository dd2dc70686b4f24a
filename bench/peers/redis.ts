/** The Redis that a user of this machine has, and what it promises as it is set. */
import { Redis } from 'ioredis'
import { Unavailable } from './side.ts'

/** Database 15 of the one on this machine; only keys under our prefix are touched. */
export const redisUrl = process.env.TM_BENCH_REDIS_URL ?? 'redis://127.0.0.1:6379/15'

export async function redisGuarantee(): Promise<string> {
  const redis = new Redis(redisUrl, { lazyConnect: true, retryStrategy: () => null })
  let problem: Error | undefined
  redis.on('error', (error) => {
    problem = error
  })
  try {
    await redis.connect()
    await redis.ping()
  } catch (error) {
    throw new Unavailable(`${place(redisUrl)}: ${(problem ?? (error as Error)).message}`)
  }
  const version = /redis_version:(\S+)/.exec(await redis.info('server'))?.[1]
  const guarantee = await promised(redis)
  redis.disconnect()
  return `Redis ${version}: ${guarantee}`
}

async function promised(redis: Redis): Promise<string> {
  try {
    const [, appendonly] = await configOf(redis, 'appendonly')
    const [, fsync] = await configOf(redis, 'appendfsync')
    const [, save] = await configOf(redis, 'save')
    if (appendonly === 'yes') {
      const lost = fsync === 'always' ? 'on disk before the answer' : 'the last second may be lost'
      return `appendonly yes, appendfsync ${fsync}: ${lost}`
    }
    const kept = save ? `a crash loses all since the last snapshot` : 'nothing outlives it'
    return `appendonly no, save "${save ?? ''}": ${kept}`
  } catch {
    return 'it does not tell whether it writes to disk'
  }
}

const configOf = async (redis: Redis, name: string) =>
  (await redis.config('GET', name)) as (string | undefined)[]

/** Without its password. */
export function place(url: string): string {
  const { protocol, host, pathname } = new URL(url)
  return `${protocol}//${host}${pathname}`
}
