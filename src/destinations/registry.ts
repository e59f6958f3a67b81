// Every kind of destination that this package knows, one line each. What only an upload needs is loaded by it.
import { awsSecretsManager } from './aws-secrets-manager.ts'
import { azureKeyVault } from './azure-key-vault.ts'
import { gcpSecretManager } from './gcp-secret-manager.ts'
import { gcs } from './gcs.ts'
import { s3 } from './s3.ts'
import type { DestinationKind } from './types.ts'
import { vault } from './vault.ts'

export const destinationKinds: readonly DestinationKind[] = [
  ...[s3, gcs, vault],
  ...[awsSecretsManager, gcpSecretManager, azureKeyVault],
]
