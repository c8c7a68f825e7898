package io.coatcheck.session.servlet;

import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** All that an application reads of an object by the methods of its public interface. */
final class Dump {

  /** What changes the request, or what the request is answered with. */
  private static final Set<String> LEFT_OUT =
      Set.of("getInputStream", "getReader", "getOutputStream", "getWriter", "getRequest");

  private final StringBuilder text = new StringBuilder();

  /** Returns what is to be seen of a request, its response and its session. */
  static String of(HttpServletRequest request, HttpServletResponse response) {
    Dump dump = new Dump();
    dump.getters(request, HttpServletRequest.class);
    for (String name :
        List.of("Cookie", "cookie", "Authorization", "X-Session", "X-Session-Seen")) {
      dump.add("getHeader " + name, request.getHeader(name));
      dump.add("getHeaders " + name, request.getHeaders(name));
      dump.number(() -> request.getIntHeader(name));
      dump.number(() -> request.getDateHeader(name));
    }
    Collections.list(request.getHeaderNames())
        .forEach(name -> dump.add(name, request.getHeaders(name)));
    Collections.list(request.getAttributeNames())
        .forEach(name -> dump.add(name, request.getAttribute(name)));
    dump.getters(response, HttpServletResponse.class);
    for (String name : List.of("Set-Cookie", "set-cookie", "X-Session", "Session-Token")) {
      dump.add("getHeader " + name, response.getHeader(name));
      dump.add("getHeaders " + name, response.getHeaders(name));
      dump.add("containsHeader " + name, response.containsHeader(name));
    }
    response.getHeaderNames().forEach(name -> dump.add(name, response.getHeaders(name)));
    if (request.getSession(false) != null) {
      dump.getters(request.getSession(false), jakarta.servlet.http.HttpSession.class);
    }
    return dump.text.toString();
  }

  private interface Getter {
    long get();
  }

  private void number(Getter number) {
    try {
      add("number", number.get());
    } catch (IllegalArgumentException e) {
      add("number", e.toString());
    }
  }

  private void getters(Object object, Class<?> type) {
    for (Method method : type.getMethods()) {
      if (method.getParameterCount() == 0
          && (method.getName().startsWith("get") || method.getName().startsWith("is"))
          && !LEFT_OUT.contains(method.getName())) {
        try {
          add(method.getName(), method.invoke(object));
        } catch (InvocationTargetException e) {
          add(method.getName(), e.getCause());
        } catch (IllegalAccessException e) {
          throw new AssertionError(e);
        }
      }
    }
    add("toString", object.toString());
  }

  private void add(String name, Object value) {
    text.append(name).append('=').append(shown(value)).append('\n');
  }

  private static Object shown(Object value) {
    if (value instanceof Enumeration<?> values) {
      return Collections.list(values);
    }
    if (value instanceof Object[] values) {
      return Arrays.stream(values).map(Dump::shown).toList();
    }
    if (value instanceof Collection<?> values) {
      return values.stream().map(Dump::shown).toList();
    }
    if (value instanceof Map<?, ?> values) {
      return values.toString();
    }
    return value instanceof Cookie cookie ? cookie.getName() + "=" + cookie.getValue() : value;
  }
}
