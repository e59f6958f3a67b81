import { isUint8Array } from 'node:util/types'
import { SopsError } from '../errors.ts'
import type { Host } from '../host.ts'
import type { DataKeyCache } from '../keys/data-key-cache.ts'
import { localKeyService } from '../keys/key-service/local.ts'
import { backends, defaultDecryptionOrder, distinctBackends } from '../keys/registry.ts'
import type { KeyBackend, KeyService, KeyType } from '../keys/types.ts'
import { nodeHost } from '../node-host.ts'
import { storeFor } from '../stores/registry.ts'
import type { Layout, Store } from '../stores/types.ts'

export interface OperationOptions {
  /** The format of the input: yaml, json, dotenv, ini or binary. */
  readonly format: string
  /** The format of the output, when it is another one. */
  readonly outputFormat?: string | undefined
  /** Asks for a layout: the output is then printed anew as sops prints it, instead of keeping its source. */
  readonly layout?: Layout | undefined
  /** Environment, files, processes and network for the key backends; default: those of this process. */
  readonly host?: Host | undefined
  /** Key backends of the caller's own, asked before the built-in ones. */
  readonly backends?: readonly KeyBackend[] | undefined
  /**
   * Who encrypts and decrypts data keys, in the order in which they are asked; default: localKeyService of the host.
   * Calls that share data keys must hand in the same list.
   */
  readonly keyServices?: readonly KeyService[] | undefined
  /** The kinds of master key to try first; default age, then pgp, then as the file lists them. */
  readonly order?: readonly KeyType[] | undefined
  /** Keeps opened data keys, so that files that share one need their master key only once. */
  readonly dataKeys?: DataKeyCache | undefined
  /** Receives what sops logs at level warning: one line, without values. */
  readonly onWarning?: ((message: string) => void) | undefined
  /** Told once the data key is there, before any value is decrypted or encrypted; when it rejects, none is. */
  readonly audit?: ((action: AuditAction) => Promise<void>) | undefined
}

/** What sops' audit record tells apart. A rotation is told as all three. */
export type AuditAction = 'decrypt' | 'encrypt' | 'rotate'

// One for all calls: what a data key cache knows, it knows of a host.
const defaultHost = nodeHost()

/** OperationOptions with every default in place. */
export interface Context {
  readonly input: Store
  readonly output: Store
  readonly layout: Layout | undefined
  readonly backends: readonly KeyBackend[]
  readonly keyServices: readonly KeyService[]
  /** Whose data keys a cache holds. */
  readonly owner: object
  readonly order: readonly KeyType[]
  readonly dataKeys: DataKeyCache | undefined
  readonly warn: (message: string) => void
  readonly audit: (action: AuditAction) => Promise<void>
}

/** @throws SopsError ERR_SOPS_INPUT for a format that no store has */
export function contextOf(options: OperationOptions): Context {
  const input = namedStore(options.format)
  const host = options.host ?? defaultHost
  const known = distinctBackends([...(options.backends ?? []), ...backends])
  return {
    input,
    output: options.outputFormat === undefined ? input : namedStore(options.outputFormat),
    layout: options.layout,
    backends: known,
    keyServices: options.keyServices ?? [localKeyService(host, known)],
    owner: options.keyServices ?? host,
    order: options.order ?? defaultDecryptionOrder,
    dataKeys: options.dataKeys,
    warn: options.onWarning ?? ((): void => undefined),
    audit: options.audit ?? (async (): Promise<void> => undefined),
  }
}

function namedStore(name: string): Store {
  const store = storeFor(name)
  if (store !== undefined) return store
  throw new SopsError('ERR_SOPS_INPUT', `unknown format ${JSON.stringify(name)}`, {
    hint: 'The formats are yaml, json, dotenv, ini and binary.',
  })
}

/** Whether the output keeps the source text: same format, and no layout asked for. */
export function keepsSource(context: Context): boolean {
  return context.input === context.output && context.layout === undefined
}

// What Node.js says of another argument quotes it, and it may be the plain text.
/** Throws SopsError ERR_SOPS_INPUT. */
export function checkBytes(input: unknown): void {
  if (isUint8Array(input)) return
  throw new SopsError('ERR_SOPS_INPUT', 'the text is no Uint8Array', {
    hint: "Make one with Buffer.from(text, 'utf8').",
  })
}
