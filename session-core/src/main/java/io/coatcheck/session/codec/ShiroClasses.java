package io.coatcheck.session.codec;

import static io.coatcheck.session.codec.PresetNames.in;
import static io.coatcheck.session.codec.PresetNames.union;

import java.util.Set;

/**
 * What Apache Shiro 2 puts into sessions. {@code SavedRequest} is three strings. {@code
 * SimplePrincipalCollection} reads a map of sets, each element of which is checked like any other
 * object, and calls no methods.
 */
final class ShiroClasses {

  static final Set<String> ALL =
      union(
          in("org.apache.shiro.subject", "SimplePrincipalCollection"),
          in("org.apache.shiro.web.util", "SavedRequest"));

  private ShiroClasses() {}
}
