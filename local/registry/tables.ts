import type { DatabaseSync } from 'node:sqlite';

/**
 * What the registry and ECR's API know. Blobs are files; a row in `ecr_blob` says that the file is whole, a row in `ecr_layer` that a
 * repository may serve it. Everything below a repository goes with it.
 */
export function createTables(database: DatabaseSync): void {
  database.exec(`
    create table if not exists ecr_repository (
      name text primary key,
      created_at integer not null,
      mutability text not null default 'MUTABLE',
      exclusion_filters text not null default '[]',
      scan_on_push integer not null default 0,
      encryption text not null default '{"encryptionType":"AES256"}',
      tags text not null default '[]',
      policy text,
      lifecycle_policy text,
      lifecycle_evaluated_at integer
    ) strict;

    create table if not exists ecr_blob (
      digest text primary key,
      size integer not null
    ) strict, without rowid;

    create table if not exists ecr_layer (
      repository text not null references ecr_repository (name) on delete cascade,
      digest text not null references ecr_blob (digest),
      seen_at integer not null,
      primary key (repository, digest)
    ) strict, without rowid;
    create index if not exists ecr_layer_by_digest on ecr_layer (digest);

    create table if not exists ecr_upload (
      id text primary key,
      repository text not null references ecr_repository (name) on delete cascade,
      updated_at integer not null
    ) strict, without rowid;
    create index if not exists ecr_upload_by_repository on ecr_upload (repository);

    create table if not exists ecr_image (
      repository text not null references ecr_repository (name) on delete cascade,
      digest text not null,
      media_type text not null,
      artifact_type text,
      subject text,
      annotations text,
      manifest blob not null,
      size integer not null,
      pushed_at integer not null,
      pulled_at integer,
      primary key (repository, digest)
    ) strict;
    create index if not exists ecr_image_by_subject on ecr_image (repository, subject) where subject is not null;

    create table if not exists ecr_tag (
      repository text not null,
      tag text not null,
      digest text not null,
      primary key (repository, tag),
      foreign key (repository, digest) references ecr_image (repository, digest) on delete cascade
    ) strict, without rowid;
    create index if not exists ecr_tag_by_digest on ecr_tag (repository, digest);

    create table if not exists ecr_reference (
      repository text not null,
      parent text not null,
      child text not null,
      kind text not null check (kind in ('blob', 'image')),
      primary key (repository, parent, child),
      foreign key (repository, parent) references ecr_image (repository, digest) on delete cascade
    ) strict, without rowid;
    create index if not exists ecr_reference_by_child on ecr_reference (repository, child);

    create table if not exists ecr_scan (
      repository text not null,
      digest text not null,
      status text not null,
      description text,
      started_at integer not null,
      completed_at integer,
      source_updated_at integer,
      findings text not null default '[]',
      primary key (repository, digest),
      foreign key (repository, digest) references ecr_image (repository, digest) on delete cascade
    ) strict;

    create table if not exists ecr_enhanced_scan (
      repository text not null,
      digest text not null,
      status text not null,
      description text,
      due integer not null,
      completed_at integer,
      source_updated_at integer,
      findings text not null default '[]',
      primary key (repository, digest),
      foreign key (repository, digest) references ecr_image (repository, digest) on delete cascade
    ) strict;
    create index if not exists ecr_enhanced_scan_due on ecr_enhanced_scan (due) where due = 1;

    create table if not exists ecr_token (
      hash text primary key,
      caller text not null,
      expires_at integer not null
    ) strict, without rowid;

    create table if not exists ecr_setting (
      name text primary key,
      value text not null
    ) strict, without rowid;
  `);
}
