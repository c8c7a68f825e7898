package io.coatcheck.benchmarks.lines.shared;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.UserDetails;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.core.userdetails.UsernameNotFoundException;
import org.springframework.stereotype.Component;

/** The users, whose roles change. */
@Component
public class Accounts implements UserDetailsService {

  private record Account(boolean admin, boolean enabled) {}

  private final Map<String, Account> accounts = new ConcurrentHashMap<>();

  /** Adds a user, or changes one. */
  public void put(String name, boolean admin, boolean enabled) {
    accounts.put(name, new Account(admin, enabled));
  }

  @Override
  public UserDetails loadUserByUsername(String name) {
    Account account = accounts.get(name);
    if (account == null) {
      throw new UsernameNotFoundException("no user of this name");
    }
    return User.withUsername(name)
        .password("{noop}ticket")
        .roles(account.admin() ? "ADMIN" : "USER")
        .disabled(!account.enabled())
        .build();
  }
}
