import type { Config } from '../config/schema/index.ts'

export type RedisConfig = NonNullable<Config['redis']>

/** Address and credentials of Redis, from its URL. The settings `username` and `password` override those in the URL. */
export interface RedisAddress {
  readonly host: string
  readonly port: number
  /** Number of the database; a cluster has database 0 only. */
  readonly database: number
  readonly tls: boolean
  readonly username: string | null
  readonly password: string | null
}

/** The URL cannot be parsed. The message never repeats the URL, which may contain a password. */
export class RedisAddressInvalid extends Error {
  readonly code = 'redis_address_invalid'
  constructor(message: string) {
    super(message)
    this.name = 'RedisAddressInvalid'
  }
}

/** @throws RedisAddressInvalid */
export function readAddress(config: Pick<RedisConfig, 'url' | 'username' | 'password'>): RedisAddress {
  const url = URL.parse(config.url)
  if (url === null || url.hostname === '') {
    throw new RedisAddressInvalid(
      'redis.url is not a URL: expected redis://HOST:PORT. Characters as # / ? in a password must be written as %23 %2F %3F; or put it into redis.password',
    )
  }
  const path = /^\/?(\d*)$/.exec(url.pathname)
  if (path === null) {
    throw new RedisAddressInvalid(
      'redis.url has a path that is not the number of a database, as in redis://HOST:PORT/0',
    )
  }
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? 6_379 : Number(url.port),
    database: Number(path[1]),
    tls: url.protocol === 'rediss:',
    username: config.username ?? decoded(url.username),
    password: config.password ?? decoded(url.password),
  }
}

function decoded(text: string): string | null {
  if (text === '') return null
  try {
    return decodeURIComponent(text)
  } catch {
    throw new RedisAddressInvalid(
      'redis.url has a % in its user or password that does not stand for a character: write it as %25',
    )
  }
}
