-- A grant is read without its client, and the sector is what the client's registration says. A server of before that still runs beside
-- this one fails then, rather than tell clients a sub of no sector.
ALTER TABLE clients DROP COLUMN sector;
