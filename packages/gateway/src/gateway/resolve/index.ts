/** Resolve: method and URL to a route. */
import { type Exchange, noteRoute, type Resolved } from '../exchange.ts'
import type { GatewayParts } from '../parts.ts'
import { findRoute, type Route } from './route.ts'

/** @throws Refusal as `findRoute` does */
export function resolve(exchange: Exchange, { resolve: find }: Pick<GatewayParts, 'resolve'>): Resolved {
  noteRoute(exchange, find(exchange.call.method, exchange.call.url))
  return exchange
}

/** Addresses of calls on deployments are few and the same again and again: 0.1 instead of 2.9 µs each. */
const rememberedMax = 2_000

/** A resolver that remembers addresses. Only those without ids in them, so that nobody fills the memory with objects' names. */
export function createResolver(): (method: string, url: string) => Route {
  const remembered = new Map<string, Route>()
  return (method, url) => {
    const known = remembered.get(url)
    if (known?.operation.methods.includes(method)) return known
    const route = findRoute(method, url)
    if (route.operation.deployment !== 'required' || url.length > 512) return route
    // A client that varies its query gets the long way for everybody for a moment, and nothing worse.
    if (remembered.size >= rememberedMax) remembered.clear()
    remembered.set(url, route)
    return route
  }
}
