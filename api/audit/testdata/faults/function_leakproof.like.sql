-- finds: function texticlike(text,text)
alter function pg_catalog.texticlike(text, text) leakproof
