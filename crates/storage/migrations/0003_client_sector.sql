-- A grant is read without its client, which is in memory, with its sector.
ALTER TABLE clients DROP COLUMN sector;
