package io.coatcheck.session.spring.desk;

import java.util.Collection;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.CredentialsContainer;
import org.springframework.security.core.GrantedAuthority;
import org.springframework.security.core.authority.AuthorityUtils;
import org.springframework.security.core.userdetails.UserDetails;

/** A user of a class of the application, of whom there is one object. */
class Person implements UserDetails, CredentialsContainer {

  private static final long serialVersionUID = 1L;

  private final String name;
  private final String[] roles;
  private @Nullable String password = "{noop}ticket";

  Person(String name, String... roles) {
    this.name = name;
    this.roles = roles.clone();
  }

  @Override
  public Collection<? extends GrantedAuthority> getAuthorities() {
    return AuthorityUtils.createAuthorityList(roles);
  }

  @Override
  @SuppressWarnings("NullAway") // Whether the method may return null depends on the version.
  public String getPassword() {
    return password;
  }

  @Override
  public String getUsername() {
    return name;
  }

  @Override
  public void eraseCredentials() {
    password = null;
  }
}
