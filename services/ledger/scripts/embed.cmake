# Writes the Lua scripts into a C++ source, so that the binary needs no file at run time.
# Usage: cmake -DOUTPUT=file.cc -DDIRECTORY=dir -DNAMES=commit,open -P embed.cmake
string(REPLACE "," ";" names "${NAMES}")
set(text "#include <string_view>\n\nnamespace supervision::ledger {\n\n")
foreach(name ${names})
  file(READ ${DIRECTORY}/${name}.lua source)
  string(LENGTH "${source}" length)
  if(length GREATER 16000)
    message(FATAL_ERROR "${name}.lua is too long for one string literal")
  endif()
  string(APPEND text "extern const std::string_view k_${name}_lua;\n"
                     "const std::string_view k_${name}_lua = R\"lua(${source})lua\";\n\n")
endforeach()
string(APPEND text "}  // namespace supervision::ledger\n")
file(WRITE ${OUTPUT} "${text}")
