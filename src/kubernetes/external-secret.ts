// Objects of the External Secrets Operator: the way from a store to a Secret, and the way back.
import type { Branch, Value } from '../tree/types.ts'
import { mapping, text } from './object.ts'
import { buildMetadata } from './secret.ts'

export interface ExternalSecretOptions {
  /** Of the object and of the Secret. */
  readonly name: string
  readonly namespace: string | undefined
  readonly store: { readonly name: string; readonly kind: string }
  /** A duration of Go, such as 1h. */
  readonly refreshInterval: string
}

export interface RemoteKey {
  /** The key of the Secret. */
  readonly key: string
  /** The name of the secret in the store. */
  readonly secret: string
  /** The property of the JSON that it is; undefined: the whole of it. */
  readonly property: string | undefined
}

/** Brings values out of the store into a Secret (external-secrets.io/v1). */
export function externalSecret(options: ExternalSecretOptions, keys: readonly RemoteKey[]): Branch {
  const data = keys.map((each) =>
    mapping([
      ['secretKey', text(each.key)],
      ['remoteRef', remoteRef(each, 'key')],
    ]),
  )
  return object('external-secrets.io/v1', 'ExternalSecret', options, [
    ['refreshInterval', text(options.refreshInterval)],
    ['secretStoreRef', storeRef(options)],
    ['target', mapping([['name', text(options.name)]])],
    ['data', { type: 'list', items: data }],
  ])
}

/** Brings values of a Secret into the store (external-secrets.io/v1alpha1). */
export function pushSecret(options: ExternalSecretOptions, keys: readonly RemoteKey[]): Branch {
  const data = keys.map((each) => {
    const match = mapping([
      ['secretKey', text(each.key)],
      ['remoteRef', remoteRef(each, 'remoteKey')],
    ])
    return mapping([['match', match]])
  })
  const selector = mapping([['secret', mapping([['name', text(options.name)]])]])
  return object('external-secrets.io/v1alpha1', 'PushSecret', options, [
    ['refreshInterval', text(options.refreshInterval)],
    ['secretStoreRefs', { type: 'list', items: [storeRef(options)] }],
    ['selector', selector],
    ['data', { type: 'list', items: data }],
  ])
}

type Fields = readonly (readonly [string, Value | undefined])[]

function object(apiVersion: string, kind: string, { name, namespace }: ExternalSecretOptions, spec: Fields): Branch {
  return mapping([
    ['apiVersion', text(apiVersion)],
    ['kind', text(kind)],
    ['metadata', buildMetadata({ name, namespace })],
    ['spec', mapping(spec)],
  ])
}

function storeRef({ store }: ExternalSecretOptions): Branch {
  return mapping([
    ['name', text(store.name)],
    ['kind', text(store.kind)],
  ])
}

function remoteRef({ secret, property }: RemoteKey, keyField: string): Branch {
  return mapping([
    [keyField, text(secret)],
    ['property', property === undefined ? undefined : text(property)],
  ])
}
