// Flux' kustomize-controller, as a program that builds one Kustomization and ends: its own code, called where its own
// loop calls it.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { peersDirectory, peersPath } from '../interop/peers.ts'
import { moduleFolder } from './peers.ts'

const name = 'github.com/fluxcd/kustomize-controller'
const version = '1.9.4'

/** ROOT KUSTOMIZATION SECRET: prints what the controller would apply. */
export const fluxBuildBin: string = join(peersPath, 'flux-build')

/** The schemas of its kinds. */
export function fluxDefinitions(): string {
  return readFileSync(
    join(moduleFolder(name, version), 'config', 'crd', 'bases', 'kustomize.toolkit.fluxcd.io_kustomizations.yaml'),
    'utf8',
  )
}

export function installFluxBuild(): void {
  const stamp = `${fluxBuildBin}.version`
  if (existsSync(fluxBuildBin) && existsSync(stamp) && readFileSync(stamp, 'utf8').trim() === version) return
  const folder = join(peersDirectory, 'flux')
  rmSync(folder, { recursive: true, force: true })
  // What it does is internal to its module: so ours has to stand inside a copy.
  cpSync(moduleFolder(name, version), folder, { recursive: true })
  run('chmod', ['-R', 'u+w', folder], '/')
  const goMod = join(folder, 'go.mod')
  writeFileSync(goMod, readFileSync(goMod, 'utf8').replace('=> ./api', `=> ${name}/api v${version}`))
  mkdirSync(join(folder, 'cmd', 'flux-build'), { recursive: true })
  writeFileSync(join(folder, 'internal', 'controller', 'once.go'), door)
  writeFileSync(join(folder, 'cmd', 'flux-build', 'main.go'), program)
  run('go', ['build', '-mod=mod', '-o', fluxBuildBin, './cmd/flux-build'], folder)
  writeFileSync(stamp, `${version}\n`)
}

const door = `package controller

import (
	"context"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	kustomizev1 "${name}/api/v1"
)

func (r *KustomizationReconciler) Once(ctx context.Context, obj *kustomizev1.Kustomization, root, path string) ([]byte, error) {
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(obj)
	if err != nil {
		return nil, err
	}
	u := unstructured.Unstructured{Object: fields}
	if err := r.generate(u, root, path); err != nil {
		return nil, err
	}
	return r.build(ctx, obj, u, root, path)
}
`

const program = `package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/yaml"

	kustomizev1 "${name}/api/v1"
	"${name}/internal/controller"
)

func main() {
	var object kustomizev1.Kustomization
	var secret corev1.Secret
	read(os.Args[2], &object)
	read(os.Args[3], &secret)
	reconciler := controller.KustomizationReconciler{
		Client:        fake.NewClientBuilder().WithObjects(&secret).Build(),
		NoRemoteBases: true,
	}
	path := filepath.Join(os.Args[1], object.Spec.Path)
	built, err := reconciler.Once(context.Background(), &object, os.Args[1], path)
	check(err)
	os.Stdout.Write(built)
}

func read(path string, into any) {
	text, err := os.ReadFile(path)
	check(err)
	check(yaml.UnmarshalStrict(text, into))
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
`

function run(file: string, args: readonly string[], cwd: string): void {
  const { status, stderr, error } = spawnSync(file, args, { cwd, encoding: 'utf8', timeout: 30 * 60_000 })
  if (status === 0) return
  throw new Error(`Flux could not be built: ${[file, ...args].join(' ')}\n${error?.message ?? stderr.trim()}`)
}
