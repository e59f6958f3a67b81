// The public API: re-exports only.
export { type DecryptOptions, decrypt, isEncrypted, openTree } from './operations/decrypt.ts'
export { type EncryptOptions, encrypt } from './operations/encrypt.ts'
export type { OperationOptions } from './operations/options.ts'
export { type RotateOptions, rotate } from './operations/rotate.ts'
export { update } from './operations/update.ts'
export { updateKeys } from './operations/update-keys.ts'
export { sopsVersion } from './operations/version.ts'
export {
  ConfigError,
  DataKeyError,
  KeyBackendError,
  type KeyFailureReason,
  type KeyGroupFailure,
  ParseError,
  SopsError,
  type SopsErrorCode,
  ValueError,
} from './errors.ts'
export { keyGroup } from './keys/spec.ts'
export { localKeyService } from './keys/key-service/local.ts'
export { remoteKeyService } from './keys/key-service/remote.ts'
export { DataKeyCache } from './keys/data-key-cache.ts'
export { nodeHost } from './node-host.ts'
export type { Host, RunOptions } from './host.ts'
export type { KeyBackend, KeyGroup, KeyMessage, KeyService, KeyType, MasterKey, MetadataField } from './keys/types.ts'
export type { CreationRule, Metadata } from './metadata/types.ts'
export type { Layout } from './stores/types.ts'
export { parseTreePath } from './tree/path.ts'
export type { Branch, Comment, Item, List, Scalar, Selection, TreePath, Value } from './tree/types.ts'
