package io.coatcheck.examples.springboot;

import java.util.List;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.UserDetails;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.core.userdetails.UsernameNotFoundException;
import org.springframework.stereotype.Component;

/**
 * The users, in a table of the application. Sessions hold a user's name only, so each request finds
 * the user here as the table has it now. Each change is one statement: no request sees half of it.
 */
@Component
class Users implements UserDetailsService {

  /** A user without the password. */
  record Account(String name, boolean admin, boolean enabled) {}

  private final JdbcClient database;

  Users(JdbcClient database) {
    this.database = database;
  }

  @Override
  public UserDetails loadUserByUsername(String name) {
    return database
        .sql("SELECT name, password, admin, enabled FROM account WHERE name = ?")
        .param(name)
        .query(
            (row, number) ->
                User.withUsername(row.getString("name"))
                    .password(row.getString("password"))
                    .roles(
                        row.getBoolean("admin")
                            ? new String[] {"USER", "ADMIN"}
                            : new String[] {"USER"})
                    .disabled(!row.getBoolean("enabled"))
                    .build())
        .optional()
        .orElseThrow(() -> new UsernameNotFoundException("no user of this name"));
  }

  List<Account> all() {
    return database
        .sql("SELECT name, admin, enabled FROM account ORDER BY name")
        .query(Account.class)
        .list();
  }

  void setAdmin(String name, boolean admin) {
    database.sql("UPDATE account SET admin = ? WHERE name = ?").params(admin, name).update();
  }

  void setEnabled(String name, boolean enabled) {
    database.sql("UPDATE account SET enabled = ? WHERE name = ?").params(enabled, name).update();
  }
}
