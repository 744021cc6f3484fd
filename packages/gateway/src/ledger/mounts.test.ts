import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isOnEmptyDir } from './mounts.ts'

const pod = '/pods/9f2c1a34-5b6d-4e7f-8a9b-0c1d2e3f4a5b/volumes'
const mountinfo = [
  '1021 930 0:312 / / ro,relatime master:412 - overlay overlay rw,lowerdir=/l1,upperdir=/u,workdir=/w',
  '1022 1021 0:316 / /proc rw,nosuid,nodev,noexec,relatime - proc proc rw',
  `1030 1021 8:1 /var/lib/kubelet${pod}/kubernetes.io~empty-dir/journal /var/lib/gatehouse rw,relatime - ext4 /dev/root rw`,
  '1031 1021 8:48 / /mnt/disk rw,relatime - ext4 /dev/sdd rw',
  `1032 1031 8:1 ${pod}/kubernetes.io~empty-dir/own\\040disk /mnt/disk/own\\040disk rw,relatime - xfs /dev/sda1 rw`,
  `1033 1021 8:1 /var/lib/kubelet${pod}/kubernetes.io~configmap/config /etc/gatehouse ro,relatime - ext4 /dev/root rw`,
  '',
].join('\n')

// Whoever believes that a pod's own disk stays loses the records of every replica that is moved.
test('a ledger on an emptyDir of Kubernetes is recognized by the root of its mount', () => {
  assert.ok(isOnEmptyDir('/var/lib/gatehouse/ledger', mountinfo))
  assert.ok(isOnEmptyDir('/var/lib/gatehouse', mountinfo))
  assert.ok(isOnEmptyDir('/mnt/disk/own disk/ledger', mountinfo))
})

test('a ledger on a disk of its own, or beside an emptyDir, is not taken for one', () => {
  for (const directory of ['/mnt/disk/ledger', '/var/lib/gatehouse-2', '/etc/gatehouse', '/home/ledger', '/'])
    assert.ok(!isOnEmptyDir(directory, mountinfo), directory)
})

test('a mount that hides an emptyDir decides', () => {
  const hidden = `${mountinfo}1040 1030 8:64 / /var/lib/gatehouse rw,relatime - ext4 /dev/sde rw\n`
  assert.ok(!isOnEmptyDir('/var/lib/gatehouse/ledger', hidden))
})

test('nothing is known where the kernel says nothing', () => {
  assert.ok(!isOnEmptyDir('/var/lib/gatehouse/ledger', ''))
})
