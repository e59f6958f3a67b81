// The packages of the SDK, loaded when the first key needs them.
import type { KMS, KMSClientConfig } from '@aws-sdk/client-kms'
import type { fromIni, fromTemporaryCredentials, fromWebToken } from '@aws-sdk/credential-providers'
import { loadSdk } from '../sdk.ts'
import type { MasterKey } from '../types.ts'

export interface Sdk extends Providers {
  readonly KMS: new (settings: KMSClientConfig) => KMS
}

/** What finds credentials. */
export interface Providers {
  readonly fromIni: typeof fromIni
  readonly fromTemporaryCredentials: typeof fromTemporaryCredentials
  readonly fromWebToken: typeof fromWebToken
}

/** Throws KeyBackendError not-installed. */
export async function loadAwsSdk(key: MasterKey): Promise<Sdk> {
  const [{ KMS }, providers] = await Promise.all([
    loadSdk('@aws-sdk/client-kms', key, () => import('@aws-sdk/client-kms')),
    loadProviders(key),
  ])
  return { KMS, ...providers }
}

/** Throws KeyBackendError not-installed. */
export async function loadProviders(key: MasterKey): Promise<Providers> {
  const [providers] = await Promise.all([
    loadSdk('@aws-sdk/credential-providers', key, () => import('@aws-sdk/credential-providers')),
    silenceVersionWarning(),
  ])
  const { fromIni, fromTemporaryCredentials, fromWebToken } = providers
  return { fromIni, fromTemporaryCredentials, fromWebToken }
}

// The SDK tells the user of a program about the Node that it will need some day. This is how its variable
// AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED works, without a change to the environment, which child processes get.
async function silenceVersionWarning(): Promise<void> {
  try {
    const { state } = await import('@aws-sdk/core/client')
    state.warningEmitted = true
  } catch {
    // A release without it has nothing to silence, or only warns.
  }
}
