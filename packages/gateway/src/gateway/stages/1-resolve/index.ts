/** Resolve: method and URL to a route. */
import { type Exchange, noteRoute, type Resolved } from '../../exchange.ts'
import type { GatewayParts } from '../../parts.ts'
import { findRoute, type Route } from './route.ts'

/** @throws Refusal as `findRoute` does */
export function resolve(exchange: Exchange, { resolve: find }: Pick<GatewayParts, 'resolve'>): Resolved {
  noteRoute(exchange, find(exchange.call.method, exchange.call.url))
  return exchange
}

/**
 * Most remembered addresses. Calls on deployments use the same few addresses again and again: 0.1 µs each instead of
 * 2.9 µs.
 */
const rememberedMax = 2_000

/** A resolver that remembers addresses, but none with ids of objects in them: those would fill the memory. */
export function createResolver(): (method: string, url: string) => Route {
  const remembered = new Map<string, Route>()
  return (method, url) => {
    const known = remembered.get(url)
    if (known?.operation.methods.includes(method)) return known
    const route = findRoute(method, url)
    if (route.operation.deployment !== 'required' || url.length > 512) return route
    // A client that varies its query makes all calls a little slower for a moment, and nothing worse.
    if (remembered.size >= rememberedMax) remembered.clear()
    remembered.set(url, route)
    return route
  }
}
