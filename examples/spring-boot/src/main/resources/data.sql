INSERT INTO account (name, password, admin, enabled) VALUES
  ('alice', '{bcrypt}$2a$10$tC1eFIU348Pj8BQ9D3tCge1TmatzPjpiDdgakSybLSHQHZ3ZIbmFG', TRUE, TRUE),
  ('bob', '{bcrypt}$2a$10$sMFb6zFaQEC7oRuuDnFHNOfXh.euFPYnh0M1MPz4ZzBOvLzMlwuQ2', TRUE, TRUE);
