SELECT count(*) AS count FROM money
