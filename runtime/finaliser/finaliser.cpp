// The finaliser: bitcode and constants in, a gfx code object out. Compiled into a shared library of
// its own, which alone links LLVM.
#include <llvm/Analysis/CGSCCPassManager.h>
#include <llvm/Bitcode/BitcodeReader.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/DiagnosticInfo.h>
#include <llvm/IR/DiagnosticPrinter.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Verifier.h>
#include <llvm/MC/MCSubtargetInfo.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/MemoryBuffer.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Target/TargetMachine.h>

#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "finaliser_interface.hpp"

namespace {

constexpr const char* triple = "amdgcn-amd-amdhsa";

// Thrown inside this library only.
struct FinaliseError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Collects what LLVM reports as errors: the code generator does not return them.
class ErrorCollector : public llvm::DiagnosticHandler {
 public:
  explicit ErrorCollector(std::string& errors) : errors_(errors) {}
  bool handleDiagnostics(const llvm::DiagnosticInfo& info) override {
    if (info.getSeverity() != llvm::DS_Error) return true;
    llvm::raw_string_ostream stream(errors_);
    llvm::DiagnosticPrinterRawOStream printer(stream);
    info.print(printer);
    stream << '\n';
    return true;
  }

 private:
  std::string& errors_;
};

void initialise_target_once() {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeAMDGPUTargetInfo();
    LLVMInitializeAMDGPUTarget();
    LLVMInitializeAMDGPUTargetMC();
    LLVMInitializeAMDGPUAsmPrinter();
  });
}

std::unique_ptr<llvm::TargetMachine> make_target_machine(const char* target) {
  std::string error;
  const llvm::Target* registered = llvm::TargetRegistry::lookupTarget(triple, error);
  if (registered == nullptr) throw FinaliseError("LLVM has no AMDGPU target: " + error);
  std::unique_ptr<llvm::TargetMachine> machine(
      registered->createTargetMachine(triple, target, "", llvm::TargetOptions(), llvm::Reloc::PIC_,
                                      std::nullopt, llvm::CodeGenOptLevel::Aggressive));
  if (machine == nullptr || !machine->getMCSubtargetInfo()->isCPUStringValid(target))
    throw FinaliseError(std::string("LLVM does not know the target ") + target);
  return machine;
}

// Function bodies are read when they are needed: a file holds the code for every weight type, and a
// kernel uses one or two of them.
std::unique_ptr<llvm::Module> read_module(const RedboltFinaliseInput& input,
                                          llvm::LLVMContext& context) {
  const llvm::StringRef bytes(reinterpret_cast<const char*>(input.bitcode), input.bitcode_size);
  auto module = llvm::getLazyBitcodeModule(llvm::MemoryBufferRef(bytes, input.kernel), context);
  if (!module) throw FinaliseError("bad bitcode: " + llvm::toString(module.takeError()));
  return std::move(*module);
}

void set_constants(llvm::Module& module, std::span<const RedboltConstant> constants) {
  for (const RedboltConstant& constant : constants) {
    llvm::GlobalVariable* variable = module.getGlobalVariable(constant.name);
    if (variable == nullptr) continue;  // declared, but used by another kernel of the file only
    llvm::Type* type = variable->getValueType();
    if (!type->isIntegerTy(32))
      throw FinaliseError(std::string("the constant ") + constant.name +
                          " is not a 32-bit integer");
    variable->setInitializer(llvm::ConstantInt::get(type, constant.value));
    variable->setConstant(true);
    variable->setLinkage(llvm::GlobalValue::InternalLinkage);
    variable->setVisibility(llvm::GlobalValue::DefaultVisibility);
    variable->setExternallyInitialized(false);
    variable->setDSOLocal(true);
  }
}

// Bitcode is made for one chip of a family and finalised for another: what says which goes.
void retarget(llvm::Module& module, const llvm::TargetMachine& machine, const char* target) {
  module.setTargetTriple(triple);
  module.setDataLayout(machine.createDataLayout());
  for (llvm::Function& function : module) {
    function.removeFnAttr("target-cpu");
    function.removeFnAttr("target-features");
    if (!function.isDeclaration()) function.addFnAttr("target-cpu", target);
  }
}

void check_nothing_left_open(const llvm::Module& module) {
  for (const llvm::GlobalVariable& variable : module.globals())
    if (variable.isDeclaration() && !variable.use_empty())
      throw FinaliseError("no value was given for the constant " + variable.getName().str());
  for (const llvm::Function& function : module)
    if (function.isDeclaration() && !function.isIntrinsic() && !function.use_empty())
      throw FinaliseError("the device code calls " + function.getName().str() +
                          ", which does not exist");
}

// The analyses of one module, for any number of passes over it.
struct Analyses {
  explicit Analyses(llvm::TargetMachine& machine) : builder(&machine, tuning()) {
    builder.registerModuleAnalyses(modules);
    builder.registerCGSCCAnalyses(components);
    builder.registerFunctionAnalyses(functions);
    builder.registerLoopAnalyses(loops);
    builder.crossRegisterProxies(loops, functions, components, modules);
  }

  static llvm::PipelineTuningOptions tuning() {
    llvm::PipelineTuningOptions options;
    options.LoopVectorization = false;
    options.SLPVectorization = false;
    return options;
  }

  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder;
};

// The functions that `function` calls.
std::vector<llvm::Function*> callees(const llvm::Function& function) {
  std::vector<llvm::Function*> result;
  for (const llvm::BasicBlock& block : function)
    for (const llvm::Instruction& instruction : block)
      if (const auto* call = llvm::dyn_cast<llvm::CallBase>(&instruction))
        if (llvm::Function* callee = call->getCalledFunction()) result.push_back(callee);
  return result;
}

// Reads the entry and what it reaches once the constants are folded; everything else goes. Only the
// entry stays visible.
void keep_only(llvm::Module& module, const char* kernel, Analyses& analyses) {
  llvm::Function* entry = module.getFunction(kernel);
  if (entry == nullptr || entry->getCallingConv() != llvm::CallingConv::AMDGPU_KERNEL)
    throw FinaliseError(std::string("the device code has no kernel ") + kernel);
  // Lists such as llvm.used would keep what is not called.
  for (const char* list : {"llvm.used", "llvm.compiler.used"})
    if (llvm::GlobalVariable* variable = module.getGlobalVariable(list))
      variable->eraseFromParent();
  llvm::FunctionPassManager fold;
  if (auto error = analyses.builder.parsePassPipeline(fold, "sroa,early-cse,simplifycfg"))
    throw FinaliseError("LLVM's pass pipeline: " + llvm::toString(std::move(error)));
  std::set<llvm::Function*> reached{entry};
  std::vector<llvm::Function*> open{entry};
  while (!open.empty()) {
    llvm::Function& function = *open.back();
    open.pop_back();
    if (auto error = function.materialize())
      throw FinaliseError("bad bitcode: " + llvm::toString(std::move(error)));
    if (function.isDeclaration()) continue;
    fold.run(function, analyses.functions);
    for (llvm::Function* callee : callees(function))
      if (reached.insert(callee).second) open.push_back(callee);
  }
  for (llvm::Function& function : llvm::make_early_inc_range(module)) {
    if (!reached.contains(&function)) {
      function.replaceAllUsesWith(llvm::PoisonValue::get(function.getType()));
      function.eraseFromParent();
    } else if (!function.isDeclaration()) {
      function.setComdat(nullptr);
      if (&function != entry) function.setLinkage(llvm::GlobalValue::InternalLinkage);
    }
  }
  if (auto error = module.materializeAll())
    throw FinaliseError("bad bitcode: " + llvm::toString(std::move(error)));
}

llvm::SmallString<0> generate(llvm::Module& module, llvm::TargetMachine& machine) {
  llvm::SmallString<0> object;
  llvm::raw_svector_ostream stream(object);
  llvm::legacy::PassManager passes;
  if (machine.addPassesToEmitFile(passes, stream, nullptr, llvm::CodeGenFileType::ObjectFile))
    throw FinaliseError("LLVM cannot write object files for this target");
  passes.run(module);
  return object;
}

llvm::SmallString<0> finalise(const RedboltFinaliseInput& input) {
  initialise_target_once();
  std::string errors;
  llvm::LLVMContext context;
  context.setDiagnosticHandler(std::make_unique<ErrorCollector>(errors));
  const auto machine = make_target_machine(input.target);
  const auto module = read_module(input, context);
  set_constants(*module, {input.constants, input.constant_count});
  {
    Analyses analyses(*machine);
    keep_only(*module, input.kernel, analyses);
  }
  check_nothing_left_open(*module);
  retarget(*module, *machine, input.target);
  Analyses analyses(*machine);
  analyses.builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O3)
      .run(*module, analyses.modules);
  llvm::SmallString<0> object = generate(*module, *machine);
  if (!errors.empty()) throw FinaliseError(errors);
  return object;
}

}  // namespace

extern "C" {

__attribute__((visibility("default"))) std::uint32_t redbolt_finaliser_version() {
  return redbolt_finaliser_interface_version;
}

__attribute__((visibility("default"))) int redbolt_finalise(const RedboltFinaliseInput* input,
                                                            RedboltFinaliseSink sink,
                                                            void* context) {
  try {
    const llvm::SmallString<0> object = finalise(*input);
    sink(context, object.data(), object.size());
    return 0;
  } catch (const std::exception& error) {
    const std::string message = error.what();
    sink(context, message.data(), message.size());
    return 1;
  }
}

}  // extern "C"
