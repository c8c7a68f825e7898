package io.coatcheck.session.codec;

import static io.coatcheck.session.codec.PresetNames.in;
import static io.coatcheck.session.codec.PresetNames.union;

import java.util.Set;

/**
 * What Apache Shiro 2 puts into sessions. {@code SavedRequest} is three strings. {@code
 * SimplePrincipalCollection} reads a map of sets, of which each element is checked like any other
 * object, and calls nothing.
 */
final class ShiroClasses {

  static final Set<String> ALL =
      union(
          in("org.apache.shiro.subject", "SimplePrincipalCollection"),
          in("org.apache.shiro.web.util", "SavedRequest"));

  private ShiroClasses() {}
}
