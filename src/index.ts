// The public API: re-exports only.
export { type DecryptOptions, decrypt, isEncrypted, openTree } from './operations/decrypt.ts'
export { type EncryptOptions, encrypt } from './operations/encrypt.ts'
export { checkEncrypted } from './operations/encryption-check.ts'
export type { AuditAction, OperationOptions } from './operations/options.ts'
export { type RotateOptions, rotate } from './operations/rotate.ts'
export type { KeyName } from './operations/master-keys.ts'
export type { KeyTrust } from './operations/known-keys.ts'
export { type SetOptions, set } from './operations/set.ts'
export { type UnsetOptions, unset } from './operations/unset.ts'
export { update } from './operations/update.ts'
export { type Edit, type EditOptions, editFile, editNew } from './operations/edit.ts'
export { type KeyChanges, type KeyOptions, type WantedKeys, compareKeys, updateKeys } from './operations/update-keys.ts'
export { type GroupOptions, addGroup, deleteGroup } from './operations/groups.ts'
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
export { dialectNames as dotenvDialects } from './stores/dotenv-dialect.ts'
export type { Layout } from './stores/types.ts'
export { parseJsonValue } from './stores/json/value.ts'
export { parseTreePath } from './tree/path.ts'
export type { Branch, Comment, Item, List, Scalar, Selection, TreePath, Value } from './tree/types.ts'
