/** When the hooks of a transaction run, and in which order. */
import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import { createTransaction } from '../../../src/node/store/sqlite/transaction.ts'

function open() {
  const database = new DatabaseSync(':memory:')
  database.exec('CREATE TABLE numbers (n INTEGER)')
  const transaction = createTransaction(database)
  const ran: string[] = []
  transaction.onBegin(() => ran.push('begin'))
  transaction.beforeCommit(() => ran.push('before commit'))
  const note = (name: string) => {
    database.exec('INSERT INTO numbers VALUES (1)')
    transaction.onCommit(() => ran.push(`${name} committed`))
    transaction.onRollback(() => ran.push(`${name} rolled back`))
  }
  const count = () => database.prepare('SELECT count(*) AS n FROM numbers').get()?.n
  return { database, transaction, ran, note, count }
}

it('runs the hooks of a commit in their order', () => {
  const { transaction, ran, note, count } = open()
  transaction.run(() => ['a', 'b'].forEach(note))
  expect(ran).toEqual(['begin', 'before commit', 'a committed', 'b committed'])
  expect(count()).toBe(2)
})

it('runs the hooks of a rollback in reverse order, and rolls the tables back', () => {
  const { transaction, ran, note, count } = open()
  const fail = () => {
    ;['a', 'b'].forEach(note)
    throw new Error('no')
  }
  expect(() => transaction.run(fail)).toThrow('no')
  expect(ran).toEqual(['begin', 'b rolled back', 'a rolled back'])
  expect(count()).toBe(0)
})

it('rolls back if a write before the commit fails', () => {
  const { database, transaction, ran, note, count } = open()
  transaction.beforeCommit(() => database.exec('INSERT INTO nothing VALUES (1)'))
  expect(() => transaction.run(() => note('a'))).toThrow('nothing')
  expect(ran).toEqual(['begin', 'before commit', 'a rolled back'])
  expect(count()).toBe(0)
})

it('forgets hooks with their transaction', () => {
  const { transaction, ran, note } = open()
  transaction.run(() => note('a'))
  expect(() =>
    transaction.run(() => {
      throw new Error('no')
    }),
  ).toThrow('no')
  transaction.run(() => {})
  expect(ran).toEqual(['begin', 'before commit', 'a committed', 'begin', 'begin', 'before commit'])
})
