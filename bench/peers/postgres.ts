/** A throwaway database on the PostgreSQL that a user of this machine has, and what it promises. */
import pg from 'pg'
import { Unavailable } from './side.ts'

const serverUrl = process.env.TM_BENCH_POSTGRES_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres'

export function databaseUrl(name: string): string {
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return url.href
}

/** Made anew; one that a run before has left is dropped. `name` is a plain identifier. */
export async function createDatabase(name: string): Promise<string> {
  const client = await reach()
  await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
  await client.query(`CREATE DATABASE ${name}`)
  const show = async (setting: string) =>
    String(Object.values((await client.query(`SHOW ${setting}`)).rows[0] ?? {})[0])
  const [version] = (await show('server_version')).split(' ')
  const [fsync, commit] = [await show('fsync'), await show('synchronous_commit')]
  await client.end()
  const safe = fsync === 'on' && commit !== 'off'
  const meaning = safe ? 'on disk before the answer' : 'a crash loses what was answered last'
  return `PostgreSQL ${version}: fsync ${fsync}, synchronous_commit ${commit}: ${meaning}`
}

export async function dropDatabase(name: string): Promise<void> {
  const client = await reach()
  await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
  await client.end()
}

/** Statistics and a visibility map, as autovacuum would have made them in a database that lives on. */
export async function vacuum(name: string): Promise<void> {
  await query(name, 'VACUUM ANALYZE')
}

/** Waits until the query gives no row any more. */
export async function untilNone(name: string, text: string): Promise<void> {
  const client = new pg.Client(databaseUrl(name))
  await client.connect()
  while ((await client.query(text)).rowCount !== 0) {}
  await client.end()
}

async function query(name: string, text: string): Promise<void> {
  const client = new pg.Client(databaseUrl(name))
  await client.connect()
  await client.query(text)
  await client.end()
}

async function reach(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: serverUrl, connectionTimeoutMillis: 5000 })
  try {
    await client.connect()
    return client
  } catch (error) {
    const { host, pathname } = new URL(serverUrl)
    const { code, message } = error as { code?: string; message: string }
    throw new Unavailable(`postgres://${host}${pathname}: ${message || code}`)
  }
}
